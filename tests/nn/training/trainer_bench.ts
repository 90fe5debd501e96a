/**
 * Training and inference of a network, in turns with PyTorch: on two threads, or on the GPU
 * (fp32, TF32 off) where ours runs on one and PyTorch has CUDA; in both memory formats, and inference
 * next to ONNX Runtime where it is installed. A measurement is a second of steps or more; losses are
 * read back once, at its end. `--profile` lists times by kernel: of the GPU's clock,
 * or processor time on a software adapter.
 *
 *   deno run -A tests/nn/training/trainer_bench.ts [SIDE | HEIGHTxWIDTH] [BATCH]
 *     [--conv5 | --autoencoder] [--profile] [--peers]
 *   deno run -A tests/nn/training/trainer_bench.ts DEPTHxHEIGHTxWIDTH [BATCH] [...]
 *
 * The network is ResNet-18, of volumes ResNet3D (of 63 or 64 voxels a side), with `--conv5` Conv5_FC3,
 * with `--autoencoder` AE_Conv5_FC3, whose loss is the mean squared error.
 * Images have three channels, volumes one. PyTorch is Debian's python3-torch; `GYRUS_PYTHON` names
 * another Python. Without it the ratio is left out. `--peers` trains with the WebGPU libraries of
 * tests/nn/peers too, on the same adapter: ResNet-18, or Conv5_FC3 of volumes.
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { processorSeconds } from "../../../src/device/timing.ts";
import { openDevice } from "../../../src/gpu/device.ts";
import { Program, type Timing } from "../../../src/gpu/program.ts";
import { Trainer } from "../../../src/nn/training/trainer.ts";
import type { InputShape } from "../../../src/nn/network.ts";
import { createAutoencoder } from "../../../src/nn/networks/autoencoders.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";

const [size = "128", batchSize = "32"] = Deno.args.filter((argument) => !argument.startsWith("--"));
const sides = size.split("x").map(Number);
if (sides.length === 1) sides.push(sides[0]);
const isVolume = sides.length === 3;
const input = [isVolume ? 1 : 3, ...sides] as unknown as InputShape;
const batch = Number(batchSize);
/** Turns of ours and the peers. */
const ROUNDS = 7;
const conv5 = Deno.args.includes("--conv5");
const reconstructs = Deno.args.includes("--autoencoder");
const networkName = reconstructs
  ? "AE_Conv5_FC3"
  : conv5
  ? "Conv5_FC3"
  : isVolume
  ? "ResNet3D"
  : "resnet18";
/** The network in Python, of the scripts that make the fixtures. */
const inPython = reconstructs
  ? `make_autoencoders.ConvAutoencoder(${input[0]}, ${sides.length})`
  : isVolume
  ? `make_volumes.${conv5 ? `Conv5FC3(1, [${sides}], 2)` : "ResNet3D(1, 2, False)"}`
  : `make_fixtures.${conv5 ? `Conv5FC3(3, ${sides}, 2)` : "ResNet18(2)"}`;

const peer = (onGpu: boolean) => `
import io, json, sys, time, torch
sys.path.insert(0, ${JSON.stringify(new URL("../../fixtures/nn/", import.meta.url).pathname)})
import make_autoencoders, make_fixtures, make_volumes
torch.use_deterministic_algorithms(False)
torch.set_num_threads(2)
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
on_gpu = ${onGpu ? "torch.cuda.is_available()" : "False"}
torch.backends.cudnn.benchmark = on_gpu
device = "cuda" if on_gpu else "cpu"
shape = (${batch}, ${input})
y = (torch.arange(${batch}) % 2).to(device)
works = {"training": {}, "inference": {}}
channels_last = torch.channels_last${isVolume ? "_3d" : ""}
for name, memory in [("NCHW", torch.contiguous_format), ("channels_last", channels_last)]:
    model = ${inPython}
    model = model.to(device, memory_format=memory)
    x = torch.rand(*shape).to(device, memory_format=memory)
    update = torch.optim.Adam(model.parameters(), lr=1e-4)
    def train(model=model, x=x, update=update):
        model.train()
        update.zero_grad()
        ${
  reconstructs
    ? "torch.nn.functional.mse_loss(model.parts(x, None)[0], x)"
    : "torch.nn.functional.cross_entropy(model(x), y)"
}.backward()
        update.step()
    def infer(model=model, x=x):
        model.eval()
        with torch.no_grad():
            ${reconstructs ? "model.parts(x, None)" : "model(x)"}
    title = f"PyTorch {torch.__version__.split('+')[0]} {name}"
    works["training"][title], works["inference"][title] = train, infer
try:
    ${reconstructs ? "raise ImportError  # unpooling has no operator there" : "import onnxruntime"}
    exported = io.BytesIO()
    torch.onnx.export(model.cpu().eval(), (torch.rand(*shape),), exported, dynamo=False, input_names=["x"])
    model.to(device)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(exported.getvalue(), options)
    images = torch.rand(*shape).numpy()
    title = f"ONNX Runtime {onnxruntime.__version__} on the processor"
    works["inference"][title] = lambda: session.run(None, {"x": images})
except ImportError:
    pass
print(json.dumps({task: list(named) for task, named in works.items()}), flush=True)
for line in sys.stdin:
    task, title = json.loads(line)
    work, steps = works[task][title], 0
    work()
    began = time.perf_counter()
    while steps == 0 or time.perf_counter() - began < 1:
        work()
        steps += 1
        if on_gpu:
            torch.cuda.synchronize()
    print(${batch} * steps / (time.perf_counter() - began), flush=True)
`;

type Task = "training" | "inference";

/** A Python that measures PyTorch and ONNX Runtime for a second or more whenever it is asked to. */
interface PythonPeers {
  /** What each task can be done by. */
  titles: Record<Task, string[]>;
  /** Images per second. */
  measure(task: Task, title: string): Promise<number>;
  close(): Promise<void>;
}

/** The peers in Python; nothing where there is no PyTorch. */
async function startPython(onGpu: boolean): Promise<PythonPeers | undefined> {
  const python = Deno.env.get("GYRUS_PYTHON") ?? "/usr/bin/python3";
  const args = ["-c", peer(onGpu)];
  const options = { args, stdin: "piped", stdout: "piped", stderr: "null" } as const;
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(python, options).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const input = child.stdin.getWriter();
  const output = Readable.fromWeb(child.stdout);
  const lines = createInterface({ input: output })[Symbol.asyncIterator]();
  const { value, done } = await lines.next();
  if (done) return undefined;
  return {
    titles: JSON.parse(value),
    async measure(task, title) {
      await input.write(new TextEncoder().encode(JSON.stringify([task, title]) + "\n"));
      return Number((await lines.next()).value);
    },
    async close() {
      await input.close();
      await child.status;
    },
  };
}

/** The libraries of tests/nn/peers that train the same network. */
const webgpuPeers = reconstructs || conv5 !== isVolume ? [] : isVolume ? ["tfjs"] : ["tfjs", "jax"];

/** Trains with a WebGPU library in a process of its own; its last line of output. */
async function webgpuPeer(name: string): Promise<{ version: string; imagesPerSecond: number }> {
  const script = new URL(`../peers/${name}.js`, import.meta.url).pathname;
  const args = ["run", "-A", "--no-lock", script, sides.join("x"), `${batch}`];
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), { args }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(`${name} failed: ${text(stderr)}`);
  return JSON.parse(text(stdout).split("\n").at(-1)!);
}

/** Sum of times by kernel, largest first. */
function byKernel(timings: readonly Timing[]): [string, number, number][] {
  const sums = new Map<string, [number, number]>();
  for (const { kernel, milliseconds } of timings) {
    const [total, count] = sums.get(kernel) ?? [0, 0];
    sums.set(kernel, [total + milliseconds, count + 1]);
  }
  return [...sums].map(([kernel, [total, count]]): [string, number, number] => [
    kernel,
    total,
    count,
  ]).sort((a, b) => b[1] - a[1]);
}

/** Images per second, measured over a second or more. */
function sustained(measure: (steps: number) => Promise<number>): () => Promise<number> {
  let steps = 1;
  return async () => {
    let speed = await measure(steps);
    while (batch * steps / speed < 1 && steps < 1000) {
      steps = Math.min(1000, steps * 8, Math.ceil(1.2 * speed / batch));
      speed = await measure(steps);
    }
    return speed;
  };
}

/** Measures ours and each peer in turns, and prints the medians and the median of the ratios. */
async function compare(
  task: Task,
  ours: () => Promise<number>,
  python?: PythonPeers,
): Promise<number> {
  const titles = python?.titles[task] ?? [];
  const rounds: number[][] = [];
  await ours();
  for (let round = 0; round < ROUNDS; round++) {
    const speeds = [await ours()];
    for (const title of titles) speeds.push(await python!.measure(task, title));
    rounds.push(speeds);
  }
  const speed = median(rounds.map(([own]) => own));
  console.log(`${task}: ${speed.toFixed(1)} images/s`);
  for (const [i, title] of titles.entries()) {
    const theirs = median(rounds.map((speeds) => speeds[i + 1]));
    const ratios = rounds.map((speeds) => speeds[0] / speeds[i + 1]).sort((a, b) => a - b);
    console.log(
      `  ${title}: ${theirs.toFixed(1)}, ratio ${median(ratios).toFixed(2)} ` +
        `(${ratios[0].toFixed(2)} to ${ratios.at(-1)!.toFixed(2)})`,
    );
  }
  return speed;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

if (import.meta.main) {
  const device = await openDevice();
  const programs: Program[] = [];
  const run = Program.prototype.run;
  Program.prototype.run = function (this: Program) {
    programs.push(this);
    run.call(this);
  };
  const floats = sides.reduce((product, side) => product * side);
  const image = Float32Array.from({ length: floats }, (_, i) => Math.sin(i * i));
  const stored = [1, ...sides] as unknown as InputShape;
  const network = reconstructs
    ? createAutoencoder(networkName, input)
    : createNetwork(networkName, input, 2);
  const labels = Uint32Array.from({ length: batch }, (_, i) => i % 2);
  // So many that no measurement reaches the end of an epoch.
  const items = Uint32Array.from({ length: batch * 10_000 }, (_, i) => i % batch);
  const began = performance.now();
  const trainer = await Trainer.create(device, {
    data: { shape: stored, count: batch, normalisation: "element", read: () => image },
    runs: [{ label: "bench", network, items, seed: 0 }],
    ...reconstructs ? { loss: { name: "mse" } } : { loss: "cross_entropy", targets: labels },
    batchSize: batch,
    optimizer: { name: "Adam", learningRate: 1e-4 },
  });
  let trained = 0;
  const train = async (steps: number) =>
    (await trainer.trainEpoch({ until: trained += steps })).imagesPerSecond;
  await train(1);
  console.log(`until the first step is done: ${((performance.now() - began) / 1000).toFixed(2)} s`);
  console.log(`${networkName}, ${input.join("x")}, batch ${batch}, ${device.summary}`);
  const python = await startPython(device.class === "discrete");
  const training = await compare("training", sustained(train), python);
  const step = programs[programs.length - 1];
  const infer = async (steps: number) => {
    const start = performance.now();
    const evaluated = [items.subarray(0, batch * steps)];
    await (reconstructs ? trainer.evaluateReconstruction(evaluated) : trainer.evaluate(evaluated));
    return batch * steps / ((performance.now() - start) / 1000);
  };
  await compare("inference", sustained(infer), python);
  await python?.close();
  if (Deno.args.includes("--profile")) {
    const clock = device.class === "software" ? processorSeconds : undefined;
    await step.profile(clock);
    for (const [kernel, total, count] of byKernel(await step.profile(clock))) {
      console.log(`${kernel.padEnd(36)} ${total.toFixed(1).padStart(8)} ms ${count}`);
    }
  }
  trainer.destroy();
  device.destroy();
  for (const name of Deno.args.includes("--peers") ? webgpuPeers : []) {
    const { version, imagesPerSecond } = await webgpuPeer(name);
    console.log(
      `training with ${name} ${version}: ${imagesPerSecond.toFixed(2)} images/s, ` +
        `ours ${(training / imagesPerSecond).toFixed(1)} times that`,
    );
  }
}
