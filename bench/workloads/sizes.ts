/** How much a run works with. */
export interface Sizes {
  readonly writeMib: number;
  readonly readMib: number;
  /** The file for random reads is the one for sequential reads; this is the one for random writes. */
  readonly randomWriteMib: number;
  readonly randomCount: number;
  readonly treeFiles: number;
  readonly repositoryFiles: number;
}

const whole: Sizes = {
  writeMib: 512,
  readMib: 512,
  randomWriteMib: 64,
  randomCount: 2_000,
  treeFiles: 2_000,
  repositoryFiles: 1_000,
};
const wholeDelayed: Sizes = {
  writeMib: 64,
  readMib: 64,
  randomWriteMib: 64,
  randomCount: 200,
  treeFiles: 400,
  repositoryFiles: 400,
};
const quick: Sizes = {
  writeMib: 64,
  readMib: 64,
  randomWriteMib: 16,
  randomCount: 300,
  treeFiles: 300,
  repositoryFiles: 200,
};
const quickDelayed: Sizes = {
  writeMib: 16,
  readMib: 16,
  randomWriteMib: 16,
  randomCount: 40,
  treeFiles: 60,
  repositoryFiles: 60,
};

export const sizesFor = (delayed: boolean, isQuick: boolean): Sizes =>
  isQuick ? (delayed ? quickDelayed : quick) : delayed ? wholeDelayed : whole;
