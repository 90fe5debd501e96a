/** Recognises texts that name persons, by BIDS's and ClinicaDL's names. */

/** `sub-01`, or a column of identifiers. */
const PATTERN = /(^|[^A-Za-z0-9])sub-[A-Za-z0-9]|\bparticipant_id\b/;

/** Whether a text names a person, or is a table of persons. */
export function namesPersons(text: string): boolean {
  return PATTERN.test(text);
}
