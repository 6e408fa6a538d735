// Exact coins: integers drawn without bias, so that stated probabilities are the real ones.

/** Fills an array with random numbers, as `crypto.getRandomValues` does. */
export type Random = (numbers: Uint32Array<ArrayBuffer>) => void

/** The browser's (and Node's) cryptographic generator. */
export const secureRandom: Random = (numbers) => {
  crypto.getRandomValues(numbers)
}

/** Denominator of all probabilities: 2^40. */
export const WHOLE = 2 ** 40

/** A whole number from 0 to `bound - 1`, each as likely as any other; `bound` is 1 to 2^40. */
export function below(bound: number, random: Random): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > WHOLE) throw new RangeError(`${bound} is not between 1 and 2^40`)
  // The smallest power of two that is not below `bound`: less than half of all draws are thrown away.
  let range = 1
  while (range < bound) range *= 2
  const words = new Uint32Array(2)
  for (;;) {
    random(words)
    const [low = 0, high = 0] = words
    const drawn = ((high % 256) * 2 ** 32 + low) % range
    if (drawn < bound) return drawn
  }
}

/** Checks what both mechanisms need: 0 < epsilon <= 20 and 2 to 65,536 answers. */
export function check(epsilon: number, categories: number) {
  if (!(epsilon > 0 && epsilon <= 20)) throw new RangeError(`epsilon must be above 0 and at most 20, not ${epsilon}`)
  if (!Number.isInteger(categories) || categories < 2 || categories > 65_536) {
    throw new RangeError(`there must be 2 to 65536 answers, not ${categories}`)
  }
}

/** Checks that `answer` is one of `categories` answers. */
export function checkAnswer(answer: number, categories: number) {
  if (!Number.isInteger(answer) || answer < 0 || answer >= categories) throw new RangeError(`there is no answer ${answer}`)
}
