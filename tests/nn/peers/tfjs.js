/**
 * Training step (Adam, cross-entropy) with TensorFlow.js on WebGPU: of ResNet-18, or of Conv5_FC3 over
 * volumes; prints images per second.
 *
 *   deno run -A --no-lock tests/nn/peers/tfjs.js [SIDE | HEIGHTxWIDTH | DEPTHxHEIGHTxWIDTH] [BATCH]
 *
 * The packages come from npm at the versions below and are no dependency of the project. The specifiers
 * are computed so that type checks and the lock file leave them alone.
 */
const version = "4.22.0";
const tf = await import(`npm:@tensorflow/tfjs@${version}`);
await import(`npm:@tensorflow/tfjs-backend-webgpu@${version}`);

const sides = (Deno.args[0] ?? "64").split("x").map(Number);
if (sides.length === 1) sides.push(sides[0]);
const batch = Number(Deno.args[1] ?? 8);
if (!await tf.setBackend("webgpu")) throw new Error("TensorFlow.js does not start on WebGPU");
await tf.ready();

const convolution = (x, filters, kernelSize, strides) =>
  tf.layers.conv2d({ filters, kernelSize, strides, padding: "same", useBias: false }).apply(x);
const normalised = (x) => tf.layers.batchNormalization({ epsilon: 1e-5 }).apply(x);
const relu = (x) => tf.layers.activation({ activation: "relu" }).apply(x);

function block(x, filters, strides) {
  const inner = relu(normalised(convolution(x, filters, 3, strides)));
  const main = normalised(convolution(inner, filters, 3, 1));
  const shortcut = strides === 1 ? x : normalised(convolution(x, filters, 1, strides));
  return relu(tf.layers.add().apply([main, shortcut]));
}

function resnet18(input) {
  let x = relu(normalised(convolution(input, 64, 7, 2)));
  x = tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }).apply(x);
  for (const [filters, strides] of [[64, 1], [128, 2], [256, 2], [512, 2]]) {
    x = block(block(x, filters, strides), filters, 1);
  }
  return tf.layers.dense({ units: 2 }).apply(tf.layers.globalAveragePooling2d({}).apply(x));
}

/** TensorFlow.js normalises no volumes, but images that are as high as all planes. */
function normalisedVolume(x) {
  const [, depth, height, width, channels] = x.shape;
  const image = tf.layers.reshape({ targetShape: [depth * height, width, channels] }).apply(x);
  const targetShape = [depth, height, width, channels];
  return tf.layers.reshape({ targetShape }).apply(normalised(image));
}

function conv5Fc3(input) {
  let x = input;
  for (const filters of [8, 16, 32, 64, 128]) {
    x = tf.layers.conv3d({ filters, kernelSize: 3, padding: "same" }).apply(x);
    x = relu(normalisedVolume(x));
    x = tf.layers.maxPooling3d({ poolSize: 2, strides: 2, padding: "same" }).apply(x);
  }
  x = tf.layers.flatten().apply(x);
  for (const units of [1300, 50]) x = tf.layers.dense({ units, activation: "relu" }).apply(x);
  return tf.layers.dense({ units: 2 }).apply(x);
}

const isVolume = sides.length === 3;
const shape = [...sides, isVolume ? 1 : 3];
const input = tf.input({ shape });
const outputs = isVolume ? conv5Fc3(input) : resnet18(input);
const model = tf.model({ inputs: input, outputs });
const optimizer = tf.train.adam(1e-4);

const images = tf.randomUniform([batch, ...shape]);
const labels = tf.oneHot(tf.range(0, batch, 1, "int32").mod(tf.scalar(2, "int32")), 2);
let best = 0;
for (let step = 0; step < 4; step++) {
  const began = performance.now();
  const loss = optimizer.minimize(
    () => tf.losses.softmaxCrossEntropy(labels, model.apply(images, { training: true })),
    true,
  );
  const [value] = await loss.data();
  if (!Number.isFinite(value)) throw new Error(`The loss is ${value}`);
  loss.dispose();
  // The first step compiles.
  if (step > 0) best = Math.max(best, batch * 1000 / (performance.now() - began));
}
console.log(JSON.stringify({ version, imagesPerSecond: best }));
Deno.exit();
