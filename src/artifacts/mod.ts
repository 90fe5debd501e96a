/** All artifact types, for the documents. Steps import the module of a type. */
import type { ArtifactType } from "./artifact_type.ts";
import { attributionType } from "./attribution.ts";
import { capsType } from "./caps.ts";
import { evaluationType } from "./evaluation.ts";
import { figureType } from "./figure.ts";
import { figuresType } from "./figures.ts";
import { foldsType, foldType } from "./folds.ts";
import { imagesType } from "./images.ts";
import { labelsType, participantsType } from "./labels.ts";
import { mapsType } from "./maps.ts";
import { modelType } from "./model.ts";
import { predictionsType } from "./predictions.ts";
import { qualityType } from "./quality.ts";
import { splitType } from "./split.ts";
import { tableType } from "./table.ts";
import { templateType } from "./template.ts";

/** In the order in which a workflow makes them. */
export const artifactTypes: readonly ArtifactType[] = [
  capsType,
  templateType,
  qualityType,
  imagesType,
  labelsType,
  participantsType,
  splitType,
  foldsType,
  foldType,
  modelType,
  predictionsType,
  evaluationType,
  tableType,
  attributionType,
  mapsType,
  figureType,
  figuresType,
];
