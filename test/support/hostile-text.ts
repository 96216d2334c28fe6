/**
 * Text that one YAML reader or another takes for something else, or refuses, when it is written carelessly: words,
 * numbers, times and dates of YAML 1.1 and 1.2, indicators, white space, line breaks, hidden and rare characters.
 */
export const HOSTILE_TEXT: readonly string[] = [
  ...['', ' ', '  ', '\t', '\n', '\n\n', ' \n', '\r', '\r\n', '\0', '~', 'null', 'Null', 'NULL', 'nil', 'y', 'Y'],
  ...['n', 'N', 'yes', 'Yes', 'no', 'No', 'NO', 'on', 'On', 'off', 'OFF', 'true', 'True', 'false', 'FALSE', '0'],
  ...['-0', '+1', '-1', '007', '0755', '08', '0o17', '0O17', '0x1F', '0X1f', '0b11', '0B11', '-0o7', '0o8', '1e3'],
  ...['1E3', '1e+3', '-1e-3', '1.', '.5', '-.5', '1.5', '1_000', '1__0', '0x_1', '1,000', '1e', '1.2.3', '1-2'],
  ...['.inf', '-.inf', '+.INF', '.nan', '.NaN', 'inf', 'nan', 'NaN', 'Infinity', '-Infinity', '-inf', '-e3', 'e0'],
  ...['E+1', '_1', '1_', '12:30:45', '1:30', '190:20:30', '12:30:45.5', '03:00', '0:0', '1:2:3:4', '2024-01-01'],
  ...['2024-1-1', '2024-01-01T00:00:00Z', '2024-01-01 00:00:00', '2024-01-01t00:00:00+08:00', '20240101', '=', '<<'],
  ...['<', '>', '|', '|-', '>+', '-', '--', '---', '--- a', '...', '... a', '?', ':', '::', '-:', '- x', '? x'],
  ...['a: b', 'a:', ': a', 'a #b', 'a#b', '#a', ' # a', '[', ']', '{', '}', '[a]', '{a: b}', ',', ', a', '%a'],
  ...['%YAML 1.1', '@a', '`a`', '!a', '!!str a', '! a', '&a', '*a', '& a', '* * * * *', '0 3 * * *', '0 3 * * sun'],
  ...['"', "'", '"a"', "'a'", "it's", 'a"b', '\\', '\\n', 'a\\b', '^\\d+$', '{"a":"b"}', '$(HOME)', '$A', '%{a}'],
  ...['a\tb', '\ta', 'a\t', ' a', 'a ', '  a  ', 'a  b', 'a\nb', 'a\n\nb', 'a\n', 'a\n\n', '\na', '\n\na\n', ' a\nb'],
  ...['\ta\nb', 'a\n b', 'a\n\tb', 'a \nb', 'a\t\nb\t', 'a\n  ', 'a\n  \n', 'a\n\t\n', '  \na', '\n  a\n b', ' a\n '],
  ...['\n \n a', 'a\n---\nb', 'a\n...\nb\n', '#a\n#b\n', 'a\r\nb', 'a\rb', 'a\n\rb', '- a\n- b\n', 'a: b\nc: d\n'],
  ...['%a\nb', '\u00e9', '\u00a0', 'a\u00a0b', '\u00ad', '\u0085', 'a\u0085b', 'a\n\u0085b', '\u2028x', 'x\u2029'],
  ...['a\nb\u2028c', '\ufeff', '\ufeffa', 'a\ufeff\nb', '\u200b', '\u202ea', '\ufffd', '\ufffe', '\uffff', '\u007f'],
  ...['\u001b[0m', 'a\n\u007f', '\u0080', '\u009f', '\ud7ff', '\ue000', '😀', '👩‍👩‍👧', 'a\n😀\n', '\u{10ffff}'],
  ...['\u{1fffe}', '\u{e0001}', '日本語', 'שלום', 'e\u0301', '3m', '5m0s', '250m', '1Gi', '1k', '0g', '10.0.0.0/8'],
  ...['1/2', '__proto__', 'constructor', 'toString', '/a', '/', '.', '..', './a', '-a', '--a=b', '--a: b', '-- a'],
  ...['a,b', '^a', '(a)', '+', '+a'],
];
