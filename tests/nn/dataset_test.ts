import { assert, assertEquals, assertRejects } from "@std/assert";
import { gatherBatch } from "../../kernels/gather.ts";
import { activationBytes } from "../../kernels/tensors.ts";
import type { Device } from "../../src/gpu/device.ts";
import { ProgramBuilder } from "../../src/gpu/program.ts";
import { type Dataset, DeviceDataset } from "../../src/nn/dataset.ts";
import { batchShape } from "../../src/nn/network.ts";
import { limitedDevice } from "../gpu/limited_device.ts";
import { withDevice } from "./training/fixture_training.ts";

const SHAPE = [1, 2, 3, 4] as const;
const FLOATS = 24;
const ITEM_BYTES = 4 * FLOATS;

function numbered(count: number): Dataset & { reads: number[] } {
  const reads: number[] = [];
  return {
    shape: SHAPE,
    count,
    normalisation: "element",
    reads,
    read(item) {
      reads.push(item);
      const values = Float32Array.from({ length: FLOATS }, (_, i) => 100 * item + i);
      values[5] = NaN;
      return item % 2 ? values : Promise.resolve(values);
    },
  };
}

/** Values and ranges of a batch as the gather kernel finds them. */
async function readBatch(device: Device, data: DeviceDataset, items: number[]) {
  await data.prepare(0, Uint32Array.from(items));
  const { data: values, ranges } = data.source(0);
  const read = async (item: number, position: number) => {
    const at = data.gathered ? item : position;
    return [
      [...await device.readFloats(values, at * ITEM_BYTES, FLOATS)],
      [...await device.readFloats(ranges!, at * 8, 2)],
    ];
  };
  return await Promise.all(items.map(read));
}

Deno.test("a batch holds the same values in one buffer, in several, and streamed from the host", async () => {
  await withDevice(async (device) => {
    const open = async (residentBytes: number, limits: { binding?: number; buffer?: number }) => {
      const limited = limitedDevice(device, {
        maxStorageBufferBindingSize: limits.binding ?? 2 ** 20,
        maxBufferSize: limits.buffer ?? 2 ** 20,
      });
      const data = new DeviceDataset(limited, numbered(8), {
        streams: 1,
        batchSize: 4,
        residentBytes,
      });
      await data.fill();
      const batches = [[6, 1, 7, 0], [5, 4]];
      const values = [];
      for (const batch of batches) values.push(await readBatch(limited, data, batch));
      data.destroy();
      return { gathered: data.gathered, values };
    };
    const { gathered, values: expected } = await open(2 ** 20, {});
    assert(gathered);
    assertEquals(expected[0][0][0][4], 604);
    assertEquals(expected[0][0][0][5], 0);
    assertEquals(expected[0][0][1], [0, 623]);
    const beyondBinding = await open(2 ** 20, { binding: 3 * ITEM_BYTES });
    const beyondBuffer = await open(2 ** 20, { buffer: 4 * ITEM_BYTES });
    const streamed = await open(1, {});
    for (const other of [beyondBinding, beyondBuffer, streamed]) {
      assertEquals(other, { gathered: false, values: expected });
    }
  });
});

Deno.test("a batch that was prepared ahead is not read again", async () => {
  await withDevice(async (device) => {
    const dataset = numbered(6);
    const data = new DeviceDataset(device, dataset, {
      streams: 2,
      batchSize: 2,
      residentBytes: 1,
    });
    await data.prepare(0, Uint32Array.of(3, 4));
    await data.prepare(1, Uint32Array.of(5));
    await data.prepare(0, Uint32Array.of(3, 4));
    assertEquals(dataset.reads, [3, 4, 5]);
    await data.prepare(0, Uint32Array.of(4, 3));
    assertEquals(dataset.reads, [3, 4, 5, 4, 3]);
    data.destroy();
  });
});

Deno.test("after an item that can't be read, its batch is read anew", async () => {
  await withDevice(async (device) => {
    let broken = true;
    const dataset: Dataset = {
      ...numbered(2),
      read: () => new Float32Array(broken ? FLOATS - 1 : FLOATS),
    };
    const data = new DeviceDataset(device, dataset, {
      streams: 1,
      batchSize: 1,
      residentBytes: 1,
    });
    const prepare = () => data.prepare(0, Uint32Array.of(1));
    await assertRejects(prepare, RangeError, "Item 1 has 23 values, not 24");
    broken = false;
    assertEquals(await readBatch(device, data, [1]), [[Array(FLOATS).fill(0), [0, 0]]]);
    data.destroy();
  });
});

Deno.test("a batch longer than a binding is gathered to the same bits", async () => {
  await withDevice(async (device) => {
    const volumes: Dataset = {
      shape: [1, 8, 8, 8],
      count: 6,
      normalisation: "element",
      read: (item) => Float32Array.from({ length: 512 }, (_, i) => Math.sin(item + i)),
    };
    const gathered = async (binding: number, residentBytes: number) => {
      const limited = limitedDevice(device, { maxStorageBufferBindingSize: binding });
      const options = { streams: 1, batchSize: 4, residentBytes };
      const data = new DeviceDataset(limited, volumes, options);
      await data.fill();
      const items = Uint32Array.of(5, 0, 3, 2);
      await data.prepare(0, items);
      const output = batchShape(volumes.shape, 4);
      const y = limited.buffer("batch", activationBytes(output));
      const program = new ProgramBuilder(limited, "gather");
      const order = limited.buffer("order", data.gathered ? items : Uint32Array.of(0, 1, 2, 3));
      const params = limited.buffer("params", 16, GPUBufferUsage.UNIFORM);
      gatherBatch(program, { output, ...data.source(0), order, y, params });
      (await program.build()).run();
      return { gathered: data.gathered, values: await limited.readFloats(y) };
    };
    const expected = await gathered(2 ** 20, 2 ** 20);
    assert(expected.gathered && expected.values.some((value) => value > 0));
    for (const residentBytes of [2 ** 20, 0]) {
      const { values } = await gathered(2 ** 12, residentBytes);
      assertEquals(values, expected.values);
    }
  });
});
