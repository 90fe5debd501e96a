/**
 * Training and inference of ResNet-18, next to PyTorch in the same run: on two threads, or on the GPU
 * (fp32, TF32 off) where ours runs on one and PyTorch has CUDA. A measurement of ours is a second of steps
 * or more, whose losses are read back once, at its end. `--profile` lists times by kernel: of the GPU's
 * clock, or processor time on a software adapter.
 *
 *   deno run -A tests/nn/training/trainer_bench.ts [side] [batch] [--profile] [--peers]
 *
 * PyTorch is Debian's python3-torch; `GYRUS_PYTHON` names another Python. Without it the ratio is
 * left out. `--peers` trains with the WebGPU libraries of tests/nn/peers too, on the same adapter.
 */
import { processorSeconds } from "../../../src/device/timing.ts";
import { openDevice } from "../../../src/gpu/device.ts";
import { Program, type Timing } from "../../../src/gpu/program.ts";
import { Trainer } from "../../../src/nn/training/trainer.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";

const [side, batch] = [Number(Deno.args[0] ?? 128), Number(Deno.args[1] ?? 32)];

const peer = (onGpu: boolean) => `
import sys, time, torch
sys.path.insert(0, ${JSON.stringify(new URL("../../fixtures/nn/", import.meta.url).pathname)})
import make_fixtures
torch.use_deterministic_algorithms(False)
torch.set_num_threads(2)
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
on_gpu = ${onGpu ? "torch.cuda.is_available()" : "False"}
torch.backends.cudnn.benchmark = on_gpu
device = "cuda" if on_gpu else "cpu"
model = make_fixtures.ResNet18(2).to(device)
update = torch.optim.Adam(model.parameters(), lr=1e-4)
x, y = torch.rand(${batch}, 3, ${side}, ${side}).to(device), (torch.arange(${batch}) % 2).to(device)
def best(work, rounds):
    times = []
    work()
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        if on_gpu:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return ${batch} / min(times)
def train():
    update.zero_grad()
    torch.nn.functional.cross_entropy(model(x), y).backward()
    update.step()
print(best(train, 5))
model.eval()
with torch.no_grad():
    print(best(lambda: model(x), 5))
`;

/** Images per second of PyTorch, or nothing where there is none. */
async function pytorch(onGpu: boolean): Promise<number[] | undefined> {
  try {
    const python = Deno.env.get("GYRUS_PYTHON") ?? "/usr/bin/python3";
    const { code, stdout } = await new Deno.Command(python, { args: ["-c", peer(onGpu)] }).output();
    return code === 0 ? new TextDecoder().decode(stdout).trim().split("\n").map(Number) : undefined;
  } catch {
    return undefined;
  }
}

/** Trains with a WebGPU library in a process of its own; its last line of output. */
async function webgpuPeer(name: string): Promise<{ version: string; imagesPerSecond: number }> {
  const script = new URL(`peers/${name}.js`, import.meta.url).pathname;
  const args = ["run", "-A", "--no-lock", script, `${side}`, `${batch}`];
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

/** Images per second, the most of five measurements of a second or more. */
async function fastest(measure: (steps: number) => Promise<number>): Promise<number> {
  await measure(1);
  let steps = 1;
  let speed = await measure(steps);
  while (batch * steps / speed < 1 && steps < 1000) {
    steps = Math.min(1000, steps * 8, Math.ceil(1.2 * speed / batch));
    speed = await measure(steps);
  }
  for (let round = 1; round < 5; round++) speed = Math.max(speed, await measure(steps));
  return speed;
}

if (import.meta.main) {
  const device = await openDevice();
  const programs: Program[] = [];
  const run = Program.prototype.run;
  Program.prototype.run = function (this: Program) {
    programs.push(this);
    run.call(this);
  };
  const image = Float32Array.from({ length: side * side }, (_, i) => Math.sin(i * i));
  const labels = Uint32Array.from({ length: batch }, (_, i) => i % 2);
  // So many that no measurement reaches the end of an epoch.
  const items = Uint32Array.from({ length: batch * 10_000 }, (_, i) => i % batch);
  const began = performance.now();
  const trainer = await Trainer.create(device, {
    data: { shape: [1, side, side], count: batch, normalisation: "element", read: () => image },
    targets: labels,
    runs: [{
      label: "bench",
      network: createNetwork("resnet18", [3, side, side], 2),
      items,
      seed: 0,
    }],
    loss: "cross_entropy",
    batchSize: batch,
    optimizer: { name: "Adam", learningRate: 1e-4 },
  });
  let trained = 0;
  const train = async (steps: number) =>
    (await trainer.trainEpoch({ until: trained += steps })).imagesPerSecond;
  await train(1);
  console.log(`until the first step is done: ${((performance.now() - began) / 1000).toFixed(2)} s`);
  const training = await fastest(train);
  const step = programs[programs.length - 1];
  const inference = await fastest(async (steps) => {
    const start = performance.now();
    await trainer.evaluate([items.subarray(0, batch * steps)]);
    return batch * steps / ((performance.now() - start) / 1000);
  });
  const theirs = await pytorch(device.class === "discrete");
  const row = (name: string, ours: number, peer?: number) =>
    console.log(
      `${name}: ${ours.toFixed(1)} images/s` +
        (peer ? `, PyTorch ${peer.toFixed(1)}, ratio ${(ours / peer).toFixed(2)}` : ""),
    );
  console.log(`ResNet-18, 3x${side}x${side}, batch ${batch}, ${device.summary}`);
  row("training", training, theirs?.[0]);
  row("inference", inference, theirs?.[1]);
  if (Deno.args.includes("--profile")) {
    const clock = device.class === "software" ? processorSeconds : undefined;
    await step.profile(clock);
    for (const [kernel, total, count] of byKernel(await step.profile(clock))) {
      console.log(`${kernel.padEnd(36)} ${total.toFixed(1).padStart(8)} ms ${count}`);
    }
  }
  trainer.destroy();
  device.destroy();
  for (const name of Deno.args.includes("--peers") ? ["tfjs", "jax"] : []) {
    const { version, imagesPerSecond } = await webgpuPeer(name);
    console.log(
      `training with ${name} ${version}: ${imagesPerSecond.toFixed(2)} images/s, ` +
        `ours ${(training / imagesPerSecond).toFixed(1)} times that`,
    );
  }
}
