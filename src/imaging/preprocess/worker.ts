/** A thread of {@link HeadPool} that computes on its processor. */
import { serveHeads } from "./serve_heads.ts";

serveHeads();
