/**
 * What lets a file leave this machine: nothing, an option for pictures and voxels, or one for tables and
 * names of persons.
 */
export type Privacy = "open" | "images" | "participants";
