/** Line ends and tabs are harmless. */
const CONTROL_CHARACTERS = /(?![\t\n])\p{Cc}/gu;

/** Text for a terminal: what would command it, such as an escape sequence in a table's name, becomes question marks. */
export function plainText(text: string): string {
  return text.replace(CONTROL_CHARACTERS, '?');
}
