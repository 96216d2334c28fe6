/** `mooring backups --help`. */
export const USAGE = `usage: mooring backups <platform> <environment> <action>

Works on the cluster of the current kubeconfig context, through kubectl and Jobs that run there.

actions:
  list [--json]                     what there is, newest first
  create                            make a backup now
  verify NAME|--all [--json]        read a backup again in full and compare it with its record; an archive without a
                                    record gets one
  restore NAME [--yes-i-mean DB]    replace the database by a backup; a safety backup is made first
      --accept-newer                also when the running app does not know the backup's newest migration
      --without-safety-backup       for a database that is missing or cannot be connected to; else it is refused
  rollback [--yes-i-mean DB]        undo the last restore: the database from before it takes its place again
  drop-old [--yes-i-mean DB]        drop the databases that restores and rollbacks have left
  delete NAME [--yes-i-mean DB]     remove a backup; never the last verified one
  confirm                           go on removing old backups after a sudden drop of rows, files or size
  files                             the states of uploaded files that can be had back
  restore-files NAME                bring such a state back, to a new folder beside the live files

restore, rollback, drop-old and delete ask for the name of the database. Where nobody can answer, give it with --yes-i-mean.
What a run prints goes to standard output, its progress to standard error.

exit status:
  0  done
  1  the thing itself failed: the reason and the last lines of the log are printed
  2  the command line is wrong
  3  the cluster cannot be reached, or is not the environment's
  130  stopped by Ctrl-C: a Job that was made goes on, and is named
`;
