/** Parameters that name the columns of diagnosis, age and sex, for every step that reads them. */
import { z } from "zod";
import type { ColumnNames } from "../../tables/columns.ts";

const column = z.string().min(1).optional();

export const columnParameters = {
  diagnosis_column: column.describe(
    "Column of the diagnosis; absent: dx1 or diagnosis, whichever comes first.",
  ),
  age_column: column.describe(
    "Column of the age in years; absent: the first of age, age_at_visit, age_at_scan, age_at_session, age_years and, for the first visit alone, age_bl and age_at_baseline.",
  ),
  sex_column: column.describe("Column of the sex; absent: sex."),
  sex_levels: z.record(z.string(), z.string()).optional().describe(
    'Meaning of codes for the sex, such as { 1 = "M", 2 = "F" }; "n/a" for a code of unknown sex.',
  ),
};

interface ColumnParams {
  diagnosis_column?: string;
  age_column?: string;
  sex_column?: string;
}

export function columnNames(params: ColumnParams): ColumnNames {
  return {
    diagnosis: params.diagnosis_column,
    age: params.age_column,
    sex: params.sex_column,
  };
}
