/** Draws the images of a data set under a template's contour, each cached, and the worst together. */
import { type CapsImage, listImages } from "../../artifacts/caps.ts";
import { figurePath } from "../../artifacts/figure.ts";
import { type HeadQuality, readQuality } from "../../artifacts/quality.ts";
import { DataError } from "../../errors.ts";
import { Canvas } from "../../imaging/drawing/canvas.ts";
import { readHead } from "../../imaging/generate/volume.ts";
import { tile } from "../../imaging/registration_figure/contact_sheet.ts";
import { FigurePainter } from "../../imaging/registration_figure/figure_painter.ts";
import type { ScalarImage } from "../../imaging/scalar_image.ts";
import { sessionKey } from "../../tables/identity.ts";
import type { Artifact, Blob, StepContext, StepOutput } from "../../workflow/step.ts";

interface FigureParams {
  template: string;
  n_worst: number;
}

/** Resolutions in pixels a mm. */
const FIGURE = 1.5, ON_SHEET = 1;

/** @throws {DataError} on an image or a template that can't be read, or without measures */
export async function drawFigures(
  context: StepContext<FigureParams>,
): Promise<Record<"figures" | "contact_sheet", StepOutput>> {
  const images = await listImages(context.inputs.caps as Artifact);
  if (images.length === 0) throw new DataError("in.caps", "the data set has no images to draw");
  const heads = await joinQuality(images, context.inputs.quality as Artifact);
  const worst = heads.toSorted((a, b) => a.mutualInformation - b.mutualInformation)
    .slice(0, context.params.n_worst);
  const artist = await Artist.create(context);
  const figures: Record<string, Blob> = {};
  const pictures: Canvas[] = [];
  const total = heads.length + worst.length;
  const report = (done: number) =>
    context.progress({ fraction: done / total, message: `picture ${done}/${total}` });
  for (const [done, head] of heads.entries()) {
    figures[figurePath(head.image)] = await artist.draw(head, FIGURE);
    report(done + 1);
  }
  for (const [done, head] of worst.entries()) {
    pictures.push(Canvas.decode(await context.get(await artist.draw(head, ON_SHEET))));
    report(heads.length + done + 1);
  }
  return {
    figures: { files: figures },
    contact_sheet: { files: { "contact_sheet.png": tile(pictures).encode() } },
  };
}

interface Head {
  image: CapsImage;
  mutualInformation: number;
  title: string;
  warning: string;
}

async function joinQuality(images: readonly CapsImage[], quality: Artifact): Promise<Head[]> {
  const keyOf = ({ participant, session, cohort }: CapsImage | HeadQuality) =>
    sessionKey(participant, session, cohort);
  const rows = new Map((await readQuality(quality)).map((row) => [keyOf(row), row]));
  return images.map((image) => {
    const row = rows.get(keyOf(image));
    const { participant, session } = image;
    if (row?.measures === undefined) {
      throw new DataError("in.quality", `has no measures of ${participant} ${session}`);
    }
    const { mutual_information: mutualInformation } = row.measures;
    return {
      image,
      mutualInformation,
      title: `${participant} ${session}  MI ${mutualInformation.toFixed(3)}`,
      warning: row.outlier ? `outlier: ${row.reason}` : "",
    };
  });
}

/** Draws heads; the template's contour is found once for each grid and resolution. */
class Artist {
  readonly #painters = new Map<string, FigurePainter>();
  #template: ScalarImage | undefined;

  private constructor(
    readonly context: StepContext<FigureParams>,
    readonly template: Blob,
  ) {}

  static async create(context: StepContext<FigureParams>): Promise<Artist> {
    return new Artist(context, await context.external(context.params.template));
  }

  /** A PNG. */
  async draw({ image, title, warning }: Head, pixelsPerMm: number): Promise<Blob> {
    const { context, template } = this;
    context.signal.throwIfAborted();
    const key = { image: image.digest, template: template.digest, title, warning, pixelsPerMm };
    return await context.memo(key, async () => {
      const registered = readHead(await context.get(image), image.path);
      const painter = await this.#painterOn(registered, pixelsPerMm);
      return painter.draw(registered, title, warning).encode();
    });
  }

  async #painterOn(grid: ScalarImage, pixelsPerMm: number): Promise<FigurePainter> {
    const { context, template } = this;
    this.#template ??= readHead(await context.get(template), context.params.template);
    const key = [pixelsPerMm, ...grid.shape, ...grid.affine].join(" ");
    const painter = this.#painters.get(key) ??
      new FigurePainter(this.#template, grid, pixelsPerMm);
    this.#painters.set(key, painter);
    return painter;
  }
}
