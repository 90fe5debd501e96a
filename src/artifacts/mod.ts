/** All artifact types, for the documents. Steps import the module of a type. */
import type { ArtifactType } from "./artifact_type.ts";
import { attributionType } from "./attribution.ts";
import { evaluationType } from "./evaluation.ts";
import { figureType } from "./figure.ts";
import { foldsType, foldType } from "./folds.ts";
import { labelsType, participantsType } from "./labels.ts";
import { mapsType } from "./maps.ts";
import { predictionsType } from "./predictions.ts";
import { splitType } from "./split.ts";
import { tableType } from "./table.ts";

/** In the order in which a workflow makes them. */
export const artifactTypes: readonly ArtifactType[] = [
  labelsType,
  participantsType,
  splitType,
  foldsType,
  foldType,
  predictionsType,
  evaluationType,
  tableType,
  attributionType,
  mapsType,
  figureType,
];
