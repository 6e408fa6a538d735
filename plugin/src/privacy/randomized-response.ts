// k-ary randomized response (Wang, Blocki, Li and Jha, USENIX Security 2017): the true answer with a known probability, else
// any other one. The same definition as in the sidecar, `src/privacy/local/randomized_response.rs`.
import { below, check, checkAnswer, WHOLE, type Random } from './coins.ts'

/** A question with several answers, 0 to `categories - 1`, that is answered by one of them. */
export class RandomizedResponse {
  /** `keep` is the probability of the true answer as a fraction of 2^40. */
  private constructor(readonly categories: number, readonly keep: number) {}

  /** The mechanism whose epsilon is at most `epsilon`, and as near to it as fractions of 2^40 permit. */
  static withEpsilon(epsilon: number, categories: number): RandomizedResponse {
    check(epsilon, categories)
    const odds = Math.exp(epsilon)
    let keep = Math.floor((odds / (odds + categories - 1)) * WHOLE)
    while (new RandomizedResponse(categories, keep).epsilon > epsilon) keep -= 1
    return new RandomizedResponse(categories, keep)
  }

  /** The mechanism that tells the truth with probability `truly`, a multiple of 2^-40. */
  static withProbability(truly: number, categories: number): RandomizedResponse {
    check(1, categories)
    const keep = truly * WHOLE
    if (!Number.isInteger(keep) || keep < 1 || keep >= WHOLE) throw new RangeError(`${truly} is no multiple of 2^-40 between 0 and 1`)
    return new RandomizedResponse(categories, keep)
  }

  /** The logarithm of the largest ratio between the probabilities of one report under two answers. */
  get epsilon(): number {
    return Math.abs(Math.log(this.probability(0, 0) / this.probability(1, 0)))
  }

  /** Probability that somebody whose answer is `answer` reports `report`. */
  probability(answer: number, report: number): number {
    return answer === report ? this.keep / WHOLE : (WHOLE - this.keep) / WHOLE / (this.categories - 1)
  }

  /** A report for `answer`. */
  report(answer: number, random: Random): number {
    checkAnswer(answer, this.categories)
    if (below(WHOLE, random) < this.keep) return answer
    const other = below(this.categories - 1, random)
    return other < answer ? other : other + 1
  }
}
