import { assertEquals } from "@std/assert";
import { Canvas } from "../../../src/imaging/drawing/canvas.ts";
import {
  DOT,
  drawText,
  lettersIn,
  LINE_HEIGHT,
  textWidth,
} from "../../../src/imaging/drawing/text.ts";

function drawn(text: string): string[] {
  const canvas = new Canvas(textWidth(text), LINE_HEIGHT, [[0, 0, 0], [255, 255, 255]]);
  drawText(canvas, text, 0, 0, 1);
  const rows = [];
  for (let y = 0; y < LINE_HEIGHT; y += DOT) {
    let row = "";
    for (let x = 0; x < canvas.width; x += DOT) {
      row += canvas.pixels[y * canvas.width + x] ? "#" : ".";
    }
    rows.push(row);
  }
  return rows;
}

Deno.test("letters and digits are drawn upright, one after another", () => {
  assertEquals(drawn("L7"), [
    "#.....#####",
    "#.........#",
    "#.........#",
    "#........#.",
    "#.......#..",
    "#......#...",
    "#####.#....",
    "...........",
  ]);
  assertEquals(drawn("é"), drawn("?"));
});

Deno.test("as many letters fit as are drawn", () => {
  assertEquals(lettersIn(textWidth("sub-01")), 6);
  assertEquals(lettersIn(textWidth("sub-01") - 1), 5);
});

Deno.test("a picture of few colours is decoded as it was drawn, and ignores what is outside", () => {
  const canvas = new Canvas(3, 2, [[0, 0, 0], [10, 20, 30]]);
  canvas.set(2, 1, 1);
  canvas.set(3, 0, 1);
  canvas.set(0, -1, 1);
  const { width, height, pixels, palette } = Canvas.decode(canvas.encode());
  assertEquals([width, height, [...pixels]], [3, 2, [0, 0, 0, 0, 0, 1]]);
  assertEquals(palette[1].slice(0, 3), [10, 20, 30]);
});
