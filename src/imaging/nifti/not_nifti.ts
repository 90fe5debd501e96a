/** What is found in place of an image: pointers of Git LFS and git-annex, web pages. */
import { ANNEX_ADVICE } from "../../disk/errors.ts";

/** Bytes that are looked at. */
const START = 512;

/** What a file is and how to get the image, when it holds a pointer to the image or a web page. */
export function recogniseOther(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, START)).trimStart();
  if (text.startsWith("version https://git-lfs.github.com/spec/")) {
    return "a Git LFS pointer, not the image itself; fetch the images with `git lfs pull`";
  }
  if (/^(\.\.\/)*(\.git)?\/?annex\/objects\//.test(text)) {
    return `a git-annex pointer ${ANNEX_ADVICE}`;
  }
  if (/^<(!doctype|html|\?xml)/i.test(text)) {
    return "a web page, perhaps of a login, not an image; download the image again";
  }
  return undefined;
}
