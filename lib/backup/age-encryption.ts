import type { ImageReference } from '../platform/image-reference';
import { refuse } from '../platform/problems';

/** A public key of age: Bech32, for X25519 and for the hybrid keys of age 1.3. */
const RECIPIENT = /^age1(pq1)?[02-9ac-hj-np-z]{58,}$/;

/** Properties of `AgeEncryption`. */
export interface AgeEncryptionProps {
  /** Public keys (`age1…`); whoever has the private half of any one of them can read the backups. */
  readonly recipients: readonly string[];

  /** An image with a statically linked `age`, and with `sh`, `cp` and `mv`: the program is copied at each run. */
  readonly image: ImageReference;

  /**
   * Where `age` lies in that image.
   *
   * @default '/usr/bin/age'
   */
  readonly program?: string;
}

/** Encryption to public keys: the cluster writes backups that it cannot read itself. */
export class AgeEncryption {
  public readonly recipients: readonly string[];
  public readonly image: ImageReference;
  public readonly program: string;

  /** @throws when there is no recipient, or one is no public key of age; with all problems at once */
  public constructor(props: AgeEncryptionProps) {
    refuse(
      props.recipients.length === 0
        ? ['encryption has no recipients; give at least one public key (age1…)']
        : props.recipients.filter((each) => !RECIPIENT.test(each)).map(problemOf),
    );
    this.recipients = props.recipients;
    this.image = props.image;
    this.program = props.program ?? '/usr/bin/age';
  }
}

/** A private key is not repeated in a message. */
function problemOf(recipient: string): string {
  return /^AGE-SECRET-KEY-/i.test(recipient)
    ? 'a recipient is a private key of age; give its public half (age-keygen -y), and make a new pair: this one is known'
    : `recipient "${recipient}" is not a public key of age; give one as age-keygen prints it (age1… with 62 characters)`;
}
