/** What is wrong with an Excel workbook, or how it is read. `path` is the file. */
export const workbook = {
  damaged: (path: string, why: string) => `${path} is not a readable Excel workbook: ${why}.`,
  none: () => 'it is a zip file without a workbook in it',
  noZip: () => 'it does not begin as one; if it is text, let its name end with .csv or .txt',
  oldOrLocked: (path: string) =>
    `${path} is an old Excel workbook (.xls) or has a password: save it as .xlsx without a password.`,
  tooLarge: (path: string, part: string, bytes: number) =>
    `${path}: its part ${part} unpacks to more than ${bytes} bytes: divide the workbook, or save the sheet as CSV UTF-8.`,
  manyCharacters: (path: string, characters: number) =>
    `${path} holds more than ${characters} characters of text: divide the workbook, or save the sheet as CSV UTF-8.`,
  noSheets: (path: string) => `${path} has no sheet with a table.`,
  noSuchSheet: (path: string, asked: string, names: string) =>
    `${path}: there is no sheet "${asked}"; the sheets are ${names}: name one with --sheet (dataset.sources[].sheet in a job).`,
  notAWorkbook: (path: string) =>
    `${path} has no sheets: --sheet (dataset.sources[].sheet in a job) is for .xlsx files.`,
  firstSheet: (path: string, sheet: string, names: string) =>
    `${path} is read from its sheet "${sheet}" alone; --sheet names another one of ${names}`,
  namesBelow: (place: string) =>
    `the names of the columns are taken from row ${place}, below a row with a single cell`,
  longRow: (row: number, characters: number) => `row ${row} is longer than ${characters} characters`,
  rowOrder: (row: number) => `the row after ${row} has no number above it`,
  cellOrder: (cell: string, row: number) =>
    `the cell ${cell} does not follow the one before it in row ${row}`,
  noNumber: (text: string) => `is no number: ${text}`,
  noText: () => 'refers to a text that the workbook does not have',
  noResult: () => 'is a formula without a stored result: open the workbook in Excel and save it',
  formulaError: (error: string) => `is the error ${error} of a formula`,
  lostDigits: () =>
    'is a number of more than 15 digits, of which Excel keeps 15: format the column as text and enter it again',
};
