import { defineRule } from './define-rule';
import { strayCharacter } from './suspects';

/**
 * Every value is what the API server would read back: text without control characters, finite numbers, booleans; and
 * text where the API wants text (`"5432"` in env, labels and ConfigMaps).
 */
export const plainScalars = defineRule(
  'plain-scalars',
  ({ suspects }, report) => {
    for (const { where, value, path } of suspects) {
      const field = path.join('.');
      if (typeof value === 'string') {
        const stray = strayCharacter(value);
        if (stray !== undefined) {
          const code = stray.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
          report(where, `${field} holds the character U+${code}`, 'remove it: it is no text');
        }
      } else if (typeof value === 'boolean' || Number.isFinite(value)) {
        report(where, `${field} is the ${typeof value} ${value}`, `write the text "${value}"`);
      } else {
        const wayOut = 'leave the field out or write text, a number or a boolean';
        report(where, `${field} is ${describe(value)}`, wayOut);
      }
    }
  },
  { absolute: true },
);

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    return `a ${value.constructor.name}`;
  }
  return typeof value === 'function' ? 'a function' : String(value);
}
