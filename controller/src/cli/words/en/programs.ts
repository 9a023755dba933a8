/** What commands say of the programs that they start. */
export const programs = {
  notInstalled: (name: string) =>
    `the program ${name} is not installed; run "npm ci" in the repository, or name it in TUNEYARD_TRAINER`,
};
