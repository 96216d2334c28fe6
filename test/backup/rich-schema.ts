/** SQL of a schema with something of each kind that a dump may bring back in other words. */
export const RICH_SCHEMA = `
  SET client_min_messages = warning;
  CREATE SCHEMA "Odd name";
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s (fine)');
  ALTER TYPE mood ADD VALUE 'bored' BEFORE 'ok';
  CREATE DOMAIN email AS varchar(200) DEFAULT 'a@b' CHECK (VALUE ~ '@' AND VALUE NOT IN ('x@', 'y@'));
  CREATE TYPE span AS RANGE (subtype = float8);
  CREATE TYPE pair AS (left_side varchar(3), right_side int);
  CREATE SEQUENCE ticket INCREMENT 5 MINVALUE -10 MAXVALUE 1000 START 7 CACHE 3 CYCLE;

  CREATE TABLE student (
    gone int,
    id bigint GENERATED ALWAYS AS IDENTITY (START 100) PRIMARY KEY,
    name varchar(50) NOT NULL DEFAULT 'nobody',
    code char(3) DEFAULT 'abc',
    kind varchar(10) CHECK (kind IN ('a', 'b', 'it''s')),
    level varchar CHECK (level NOT IN ('a', 'b') OR level = ANY (ARRAY['c', 'd']::varchar[])),
    size numeric(5, 2) DEFAULT -1.50 CHECK (size BETWEEN -2 AND 100 AND (size + 1) * 2 > -9),
    feeling mood DEFAULT 'ok',
    mail email,
    since timestamptz DEFAULT now(),
    until timestamp(3) DEFAULT '2030-01-01',
    wait interval DEFAULT '1 day 2 hours',
    tags text[] DEFAULT '{}',
    extra jsonb DEFAULT '{"a (b)": "::int"}',
    lower_name text GENERATED ALWAYS AS (lower(name)) STORED,
    CONSTRAINT "Two things" CHECK (name <> 'x' AND (code IS NULL OR code IN ('abc', 'def')))
  );
  ALTER TABLE student DROP COLUMN gone;
  ALTER TABLE student ADD CONSTRAINT later CHECK (size < 50) NOT VALID;
  CREATE TABLE "Odd name"."Say ""hi""" (
    id serial PRIMARY KEY,
    student bigint REFERENCES student ON DELETE CASCADE DEFERRABLE,
    during tstzrange,
    number int DEFAULT nextval('ticket'),
    body text COLLATE "C",
    UNIQUE (student, number)
  ) WITH (fillfactor = 70, autovacuum_enabled = off);
  CREATE INDEX ON student (lower(name), since DESC NULLS LAST) INCLUDE (code) WHERE kind IN ('a', 'b');
  CREATE UNIQUE INDEX only_once ON student ((coalesce(level, 'none'))) WHERE feeling <> 'sad';
  CREATE STATISTICS together ON name, code FROM student;

  CREATE TABLE event (at date NOT NULL, place varchar(8), note text, PRIMARY KEY (at, place)) PARTITION BY RANGE (at);
  CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (place);
  CREATE TABLE event_2026_here PARTITION OF event_2026 FOR VALUES IN ('here', 'there');
  CREATE TABLE event_rest PARTITION OF event DEFAULT;
  CREATE INDEX event_note ON event (note) WHERE place IN ('here', 'there');
  CREATE TABLE visit (id int PRIMARY KEY, at date, place varchar(8), FOREIGN KEY (at, place) REFERENCES event);
  CREATE TABLE animal (id int, name text);
  CREATE TABLE legs (count int);
  CREATE TABLE dog (breed text) INHERITS (animal);
  ALTER TABLE dog ADD COLUMN count int;
  ALTER TABLE dog INHERIT legs;
  CREATE UNLOGGED TABLE cache (k text PRIMARY KEY, v bytea DEFAULT '\\x00ff');

  CREATE VIEW young AS SELECT s.*, count(o.id) AS said FROM student s LEFT JOIN "Odd name"."Say ""hi""" o ON o.student = s.id
    WHERE s.kind IN ('a', 'b') AND s.since > '2020-01-01 00:00+02' GROUP BY s.id HAVING count(*) > 0;
  CREATE VIEW younger WITH (security_barrier) AS SELECT id, name::varchar(3) AS short FROM young WHERE name IN ('a', 'b') WITH CHECK OPTION;
  CREATE MATERIALIZED VIEW summary AS SELECT kind, sum(size)::numeric(9, 1) AS total FROM student GROUP BY 1;
  CREATE INDEX ON summary (kind);

  CREATE FUNCTION twice(x varchar DEFAULT 'a', VARIADIC y int[] DEFAULT '{}') RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT x || x -- keep   (this)::text $$;
  CREATE FUNCTION modern(x varchar) RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT x IN ('a', 'b'); END;
  CREATE PROCEDURE tidy() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM student WHERE false; END $$;
  CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.since := now(); RETURN NEW; END $$;
  CREATE TRIGGER touched BEFORE UPDATE OF name ON student FOR EACH ROW
    WHEN (OLD.kind IN ('a', 'b') AND NEW.name IS DISTINCT FROM OLD.name) EXECUTE FUNCTION touch('x');
  CREATE TRIGGER on_event BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION touch();
  ALTER TABLE event DISABLE TRIGGER on_event;
  CREATE RULE no_delete AS ON DELETE TO animal WHERE OLD.name IN ('a', 'b') DO INSTEAD NOTHING;
  ALTER TABLE student ENABLE ROW LEVEL SECURITY;
  CREATE POLICY mine ON student FOR SELECT USING (kind IN ('a', 'b') OR name = current_user);

  INSERT INTO student (name, kind, feeling) SELECT 'Zoë ' || i, 'a', 'sad' FROM generate_series(1, 40) i;
  INSERT INTO "Odd name"."Say ""hi""" (student) SELECT id FROM student LIMIT 7;
  INSERT INTO event SELECT '2025-12-30'::date + i, 'here' FROM generate_series(0, 9) i;
  INSERT INTO animal VALUES (1, 'cat');
  INSERT INTO dog (id, name) VALUES (2, 'rex'), (3, 'fido');
  REFRESH MATERIALIZED VIEW summary;
`;
