/**
 * User and group id of `postgres` in the official image, Debian flavour (its Dockerfile; the Alpine one has 70): who owns
 * a data directory and the files of a backup, and who runs psql.
 */
export const POSTGRES_UID = 999;
