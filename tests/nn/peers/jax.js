/**
 * Training step of ResNet-18 (plain SGD, cross-entropy, batch statistics) with jax-js on WebGPU, jitted
 * as one function; prints images per second.
 *
 *   deno run -A --no-lock tests/nn/peers/jax.js [SIDE | HEIGHTxWIDTH] [BATCH]
 *
 * The package comes from npm at the version below and is no dependency of the project. The specifier is
 * computed so that type checks and the lock file leave it alone.
 */
const version = "0.1.25";
const jax = await import(`npm:@jax-js/jax@${version}`);
const { numpy: np, lax, nn, random } = jax;

const sides = (Deno.args[0] ?? "64").split("x").map(Number);
if (sides.length === 1) sides.push(sides[0]);
const batch = Number(Deno.args[1] ?? 8);
if (!(await jax.init("webgpu")).includes("webgpu")) {
  throw new Error("jax-js does not start on WebGPU");
}
jax.defaultDevice("webgpu");

/** Parameters in the order in which `forward` takes them. */
const shapes = [];
const addConvolution = (channels, outChannels, kernel) =>
  shapes.push([outChannels, channels, kernel, kernel], [1, outChannels, 1, 1], [
    1,
    outChannels,
    1,
    1,
  ]);
const stages = [[64, 1], [128, 2], [256, 2], [512, 2]];
addConvolution(3, 64, 7);
let channels = 64;
for (const [outChannels, first] of stages) {
  for (const stride of [first, 1]) {
    addConvolution(channels, outChannels, 3);
    addConvolution(outChannels, outChannels, 3);
    if (stride !== 1) addConvolution(channels, outChannels, 1);
    channels = outChannels;
  }
}
shapes.push([512, 2]);

/** Logits of images. Functions own their arguments: what is used again is passed as `.ref`. */
function forward(parameters, images) {
  let next = 0;
  const normalised = (x, stride, kernel) => {
    const padding = kernel >> 1;
    const y = lax.convGeneralDilated(x, parameters[next++], [stride, stride], [
      [padding, padding],
      [padding, padding],
    ]);
    return nn.standardize(y, [0, 2, 3]).mul(parameters[next++]).add(parameters[next++]);
  };
  let x = nn.relu(normalised(images, 2, 7));
  x = lax.reduceWindow(
    np.pad(x, [[0, 0], [0, 0], [1, 0], [1, 0]]),
    np.max,
    [1, 1, 3, 3],
    [1, 1, 2, 2],
  );
  for (const [, first] of stages) {
    for (const stride of [first, 1]) {
      const main = normalised(nn.relu(normalised(x.ref, stride, 3)), 1, 3);
      const shortcut = stride === 1 ? x : normalised(x, stride, 1);
      x = nn.relu(main.add(shortcut));
    }
  }
  return np.matmul(np.mean(x, [2, 3]), parameters[next]);
}

function lossOf(parameters, images, labels) {
  return np.mean(np.sum(nn.logSoftmax(forward(parameters, images)).mul(labels), 1)).mul(-1);
}

const step = jax.jit((parameters, images, labels) => {
  const kept = parameters.map((parameter) => parameter.ref);
  const [loss, gradient] = jax.valueAndGrad(lossOf)(kept, images, labels);
  const rate = 1e-4;
  return [loss, gradient.map((g, i) => parameters[i].sub(g.mul(rate)))];
});

let parameters = shapes.map((shape, i) => {
  if (shape[0] === 1) return i % 3 === 1 ? np.ones(shape) : np.zeros(shape);
  const bound = 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b));
  return random.uniform(random.key(i), shape, { minval: -bound, maxval: bound });
});
const images = random.uniform(random.key(1000), [batch, 3, ...sides]);
const labels = nn.oneHot(
  np.array(Array.from({ length: batch }, (_, i) => i % 2), { dtype: np.int32 }),
  2,
);
let best = 0;
for (let round = 0; round < 4; round++) {
  const began = performance.now();
  const [loss, updated] = step(parameters, images.ref, labels.ref);
  parameters = updated;
  await jax.blockUntilReady(parameters);
  const [value] = await loss.data();
  if (!Number.isFinite(value)) throw new Error(`The loss is ${value}`);
  // The first step compiles.
  if (round > 0) best = Math.max(best, batch * 1000 / (performance.now() - began));
}
console.log(JSON.stringify({ version, imagesPerSecond: best }));
Deno.exit();
