-- The schema of the school platform, as its Prisma schema makes it. The init container "schema-sync" runs this file
-- before the app starts, so each statement must do no harm when it runs again: IF NOT EXISTS, OR REPLACE, ON CONFLICT.
--
-- CREATE TABLE IF NOT EXISTS never changes a table that is there: a new column is an ALTER TABLE … ADD COLUMN
-- IF NOT EXISTS at the end of the file. Nothing is ever removed here: the version of the app that still runs during a
-- release uses the old columns.

-- Types

DO $$ BEGIN
    CREATE TYPE "Role" AS ENUM ('ADMIN', 'TEACHER', 'GUARDIAN', 'STUDENT');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    CREATE TYPE "EnrolmentStatus" AS ENUM ('PLANNED', 'ACTIVE', 'COMPLETED', 'WITHDRAWN');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    CREATE TYPE "EvidenceKind" AS ENUM ('PHOTO', 'VIDEO', 'AUDIO', 'DOCUMENT', 'NOTE');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    CREATE TYPE "ReviewStatus" AS ENUM ('DRAFT', 'SUBMITTED', 'ACCEPTED', 'RETURNED');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    CREATE TYPE "CalendarSource" AS ENUM ('MANUAL', 'TIMETABLE', 'EXTERNAL');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- People

CREATE TABLE IF NOT EXISTS "User" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "emailVerified" TIMESTAMP(3),
    "name" TEXT NOT NULL,
    "passwordHash" TEXT,
    "role" "Role" NOT NULL DEFAULT 'GUARDIAN',
    "locale" TEXT NOT NULL DEFAULT 'en-AU',
    "lastSeenAt" TIMESTAMP(3),
    "disabledAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "Session" (
    "id" TEXT NOT NULL,
    "tokenHash" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "userAgent" TEXT,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "Student" (
    "id" TEXT NOT NULL,
    "userId" TEXT,
    "givenName" TEXT NOT NULL,
    "familyName" TEXT NOT NULL,
    "preferredName" TEXT,
    "birthDate" DATE NOT NULL,
    "yearLevel" INTEGER NOT NULL,
    "notes" TEXT NOT NULL DEFAULT '',
    "archivedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Student_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "Student_yearLevel_check" CHECK ("yearLevel" BETWEEN 0 AND 12)
);

CREATE TABLE IF NOT EXISTS "Guardianship" (
    "studentId" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "relationship" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Guardianship_pkey" PRIMARY KEY ("studentId", "userId")
);

-- Learning

CREATE TABLE IF NOT EXISTS "Subject" (
    "id" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "learningArea" TEXT NOT NULL,
    "colour" TEXT NOT NULL DEFAULT '#64748b',
    "position" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Subject_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "Term" (
    "id" TEXT NOT NULL,
    "year" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "startsOn" DATE NOT NULL,
    "endsOn" DATE NOT NULL,

    CONSTRAINT "Term_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "Term_dates_check" CHECK ("startsOn" < "endsOn")
);

CREATE TABLE IF NOT EXISTS "Enrolment" (
    "id" TEXT NOT NULL,
    "studentId" TEXT NOT NULL,
    "subjectId" TEXT NOT NULL,
    "termId" TEXT NOT NULL,
    "teacherId" TEXT,
    "status" "EnrolmentStatus" NOT NULL DEFAULT 'PLANNED',
    "goal" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Enrolment_pkey" PRIMARY KEY ("id")
);

-- Evidence: the files lie in the uploads volume, here is what is known of them.

CREATE TABLE IF NOT EXISTS "Evidence" (
    "id" TEXT NOT NULL,
    "studentId" TEXT NOT NULL,
    "enrolmentId" TEXT,
    "uploadedById" TEXT NOT NULL,
    "kind" "EvidenceKind" NOT NULL,
    "status" "ReviewStatus" NOT NULL DEFAULT 'DRAFT',
    "title" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "tags" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "occurredOn" DATE NOT NULL,
    "reviewedById" TEXT,
    "reviewedAt" TIMESTAMP(3),
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Evidence_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "EvidenceFile" (
    "id" TEXT NOT NULL,
    "evidenceId" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "originalName" TEXT NOT NULL,
    "mimeType" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "width" INTEGER,
    "height" INTEGER,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "EvidenceFile_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "EvidenceFile_bytes_check" CHECK ("bytes" >= 0)
);

-- Calendar

CREATE TABLE IF NOT EXISTS "Calendar" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "source" "CalendarSource" NOT NULL DEFAULT 'MANUAL',
    "url" TEXT,
    "etag" TEXT,
    "syncedAt" TIMESTAMP(3),
    "syncError" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "Calendar_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "CalendarEntry" (
    "id" TEXT NOT NULL,
    "calendarId" TEXT NOT NULL,
    "studentId" TEXT,
    "subjectId" TEXT,
    "externalId" TEXT,
    "title" TEXT NOT NULL,
    "location" TEXT,
    "description" TEXT NOT NULL DEFAULT '',
    "startsAt" TIMESTAMP(3) NOT NULL,
    "endsAt" TIMESTAMP(3) NOT NULL,
    "allDay" BOOLEAN NOT NULL DEFAULT false,
    "recurrence" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "CalendarEntry_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "CalendarEntry_times_check" CHECK ("startsAt" <= "endsAt")
);

-- Administration

CREATE TABLE IF NOT EXISTS "AuditLog" (
    "id" BIGSERIAL NOT NULL,
    "actorId" TEXT,
    "action" TEXT NOT NULL,
    "entity" TEXT NOT NULL,
    "entityId" TEXT,
    "before" JSONB,
    "after" JSONB,
    "ipAddress" TEXT,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AuditLog_pkey" PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "Setting" (
    "key" TEXT NOT NULL,
    "value" JSONB NOT NULL,
    "updatedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Setting_pkey" PRIMARY KEY ("key")
);

-- Indexes

CREATE UNIQUE INDEX IF NOT EXISTS "User_email_key" ON "User"("email");
CREATE INDEX IF NOT EXISTS "User_role_idx" ON "User"("role");
CREATE UNIQUE INDEX IF NOT EXISTS "Session_tokenHash_key" ON "Session"("tokenHash");
CREATE INDEX IF NOT EXISTS "Session_userId_idx" ON "Session"("userId");
CREATE INDEX IF NOT EXISTS "Session_expiresAt_idx" ON "Session"("expiresAt");
CREATE UNIQUE INDEX IF NOT EXISTS "Student_userId_key" ON "Student"("userId");
CREATE INDEX IF NOT EXISTS "Student_familyName_givenName_idx" ON "Student"("familyName", "givenName");
CREATE INDEX IF NOT EXISTS "Guardianship_userId_idx" ON "Guardianship"("userId");
CREATE UNIQUE INDEX IF NOT EXISTS "Subject_code_key" ON "Subject"("code");
CREATE UNIQUE INDEX IF NOT EXISTS "Term_year_number_key" ON "Term"("year", "number");
CREATE UNIQUE INDEX IF NOT EXISTS "Enrolment_studentId_subjectId_termId_key" ON "Enrolment"("studentId", "subjectId", "termId");
CREATE INDEX IF NOT EXISTS "Enrolment_teacherId_status_idx" ON "Enrolment"("teacherId", "status");
CREATE INDEX IF NOT EXISTS "Evidence_studentId_occurredOn_idx" ON "Evidence"("studentId", "occurredOn" DESC);
CREATE INDEX IF NOT EXISTS "Evidence_enrolmentId_idx" ON "Evidence"("enrolmentId");
CREATE INDEX IF NOT EXISTS "Evidence_status_idx" ON "Evidence"("status");
CREATE INDEX IF NOT EXISTS "Evidence_tags_idx" ON "Evidence" USING GIN ("tags");
CREATE UNIQUE INDEX IF NOT EXISTS "EvidenceFile_path_key" ON "EvidenceFile"("path");
CREATE INDEX IF NOT EXISTS "EvidenceFile_evidenceId_idx" ON "EvidenceFile"("evidenceId");
CREATE INDEX IF NOT EXISTS "EvidenceFile_sha256_idx" ON "EvidenceFile"("sha256");
CREATE UNIQUE INDEX IF NOT EXISTS "CalendarEntry_calendarId_externalId_key" ON "CalendarEntry"("calendarId", "externalId");
CREATE INDEX IF NOT EXISTS "CalendarEntry_startsAt_endsAt_idx" ON "CalendarEntry"("startsAt", "endsAt");
CREATE INDEX IF NOT EXISTS "CalendarEntry_studentId_startsAt_idx" ON "CalendarEntry"("studentId", "startsAt");
CREATE INDEX IF NOT EXISTS "AuditLog_entity_entityId_idx" ON "AuditLog"("entity", "entityId");
CREATE INDEX IF NOT EXISTS "AuditLog_createdAt_idx" ON "AuditLog"("createdAt");

-- Foreign keys

DO $$ BEGIN
    ALTER TABLE "Session" ADD CONSTRAINT "Session_userId_fkey"
        FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "Student" ADD CONSTRAINT "Student_userId_fkey"
        FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "Guardianship" ADD CONSTRAINT "Guardianship_studentId_fkey"
        FOREIGN KEY ("studentId") REFERENCES "Student"("id") ON DELETE CASCADE ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "Guardianship" ADD CONSTRAINT "Guardianship_userId_fkey"
        FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "Enrolment" ADD CONSTRAINT "Enrolment_studentId_fkey"
        FOREIGN KEY ("studentId") REFERENCES "Student"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "Enrolment" ADD CONSTRAINT "Enrolment_subjectId_fkey"
        FOREIGN KEY ("subjectId") REFERENCES "Subject"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "Enrolment" ADD CONSTRAINT "Enrolment_termId_fkey"
        FOREIGN KEY ("termId") REFERENCES "Term"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "Enrolment" ADD CONSTRAINT "Enrolment_teacherId_fkey"
        FOREIGN KEY ("teacherId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "Evidence" ADD CONSTRAINT "Evidence_studentId_fkey"
        FOREIGN KEY ("studentId") REFERENCES "Student"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "Evidence" ADD CONSTRAINT "Evidence_enrolmentId_fkey"
        FOREIGN KEY ("enrolmentId") REFERENCES "Enrolment"("id") ON DELETE SET NULL ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "Evidence" ADD CONSTRAINT "Evidence_uploadedById_fkey"
        FOREIGN KEY ("uploadedById") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "Evidence" ADD CONSTRAINT "Evidence_reviewedById_fkey"
        FOREIGN KEY ("reviewedById") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "EvidenceFile" ADD CONSTRAINT "EvidenceFile_evidenceId_fkey"
        FOREIGN KEY ("evidenceId") REFERENCES "Evidence"("id") ON DELETE CASCADE ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "CalendarEntry" ADD CONSTRAINT "CalendarEntry_calendarId_fkey"
        FOREIGN KEY ("calendarId") REFERENCES "Calendar"("id") ON DELETE CASCADE ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "CalendarEntry" ADD CONSTRAINT "CalendarEntry_studentId_fkey"
        FOREIGN KEY ("studentId") REFERENCES "Student"("id") ON DELETE CASCADE ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "CalendarEntry" ADD CONSTRAINT "CalendarEntry_subjectId_fkey"
        FOREIGN KEY ("subjectId") REFERENCES "Subject"("id") ON DELETE SET NULL ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    ALTER TABLE "AuditLog" ADD CONSTRAINT "AuditLog_actorId_fkey"
        FOREIGN KEY ("actorId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- The learning areas of the Western Australian curriculum, which every school has; titles can be edited in the app.

INSERT INTO "Subject" ("id", "code", "title", "learningArea", "position") VALUES
    ('subject-eng', 'ENG', 'English', 'English', 1),
    ('subject-mat', 'MAT', 'Mathematics', 'Mathematics', 2),
    ('subject-sci', 'SCI', 'Science', 'Science', 3),
    ('subject-has', 'HAS', 'Humanities and Social Sciences', 'Humanities and Social Sciences', 4),
    ('subject-art', 'ART', 'The Arts', 'The Arts', 5),
    ('subject-tec', 'TEC', 'Technologies', 'Technologies', 6),
    ('subject-hpe', 'HPE', 'Health and Physical Education', 'Health and Physical Education', 7),
    ('subject-lan', 'LAN', 'Languages', 'Languages', 8)
ON CONFLICT DO NOTHING;

-- Columns that came later

ALTER TABLE "Student" ADD COLUMN IF NOT EXISTS "house" TEXT;
ALTER TABLE "Evidence" ADD COLUMN IF NOT EXISTS "sharedAt" TIMESTAMP(3);
