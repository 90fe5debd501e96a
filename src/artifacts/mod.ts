/** All artifact types, for the documents and for what leaves a machine. Steps import the module of a type. */
import { anomalyType } from "./anomaly.ts";
import type { ArtifactType } from "./artifact_type.ts";
import { attributionType } from "./attribution.ts";
import { capsType } from "./caps.ts";
import { evaluationType } from "./evaluation.ts";
import { figuresType, figureType } from "./figure.ts";
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
import type { Privacy } from "../workflow/privacy.ts";
import type { Json } from "../workflow/step.ts";

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
  anomalyType,
  mapsType,
  figureType,
  figuresType,
];

/**
 * What lets a file of an artifact leave this machine; undefined of a type that is not Gyrus's own, of
 * which nothing is known.
 */
export function privacyOf(
  type: string,
  path: string,
  meta: Readonly<Record<string, Json>>,
): Privacy | undefined {
  return artifactTypes.find((known) => known.type === type)?.privacy(path, meta);
}
