/** What is found in place of an image: pointers of Git LFS and git-annex, web pages. */

/** Bytes that are looked at. */
const START = 512;

/** What a file is and how to get the image, when it holds a pointer to the image or a web page. */
export function recogniseOther(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, START)).trimStart();
  if (text.startsWith("version https://git-lfs.github.com/spec/")) {
    return "a Git LFS pointer, not the image itself; fetch the images with `git lfs pull`";
  }
  if (/^(\.\.\/)*(\.git)?\/?annex\/objects\//.test(text)) {
    return annexProblem("a git-annex pointer");
  }
  if (/^<(!doctype|html|\?xml)/i.test(text)) {
    return "a web page, perhaps of a login, not an image; download the image again";
  }
  return undefined;
}

/** Why a file is not there, when a broken link stands in its place. */
export function brokenLinkProblem(target: string): string {
  return /(^|\/)\.git\/annex\/objects\//.test(target)
    ? annexProblem("a git-annex link")
    : `a link to ${target}, which is not there`;
}

function annexProblem(what: string): string {
  return `${what} whose content is not here; fetch it with \`git annex get\` (or \`datalad get\`)`;
}
