// Optimized unary encoding (Wang, Blocki, Li and Jha, USENIX Security 2017): one bit per answer; that of the true answer is
// sent with probability one half, every other one with a smaller probability. The same definition as in the sidecar,
// `src/privacy/local/unary_encoding.rs`.
import { below, check, checkAnswer, WHOLE, type Random } from './coins.ts'

/** A question with several answers, 0 to `categories - 1`, that is answered by a set of them. */
export class UnaryEncoding {
  /** `rise` is the probability of a bit that is not the true one, as a fraction of 2^40. */
  private constructor(readonly categories: number, readonly rise: number) {}

  /** The mechanism whose epsilon is at most `epsilon`, and as near to it as fractions of 2^40 permit. */
  static withEpsilon(epsilon: number, categories: number): UnaryEncoding {
    check(epsilon, categories)
    let rise = Math.ceil(WHOLE / (Math.exp(epsilon) + 1))
    while (new UnaryEncoding(categories, rise).epsilon > epsilon) rise += 1
    return new UnaryEncoding(categories, rise)
  }

  /** The mechanism that sends a bit that is not true with probability `falsely`, a multiple of 2^-40. */
  static withProbability(falsely: number, categories: number): UnaryEncoding {
    check(1, categories)
    const rise = falsely * WHOLE
    if (!Number.isInteger(rise) || rise < 1 || rise >= WHOLE / 2) {
      throw new RangeError(`${falsely} is no multiple of 2^-40 between 0 and one half`)
    }
    return new UnaryEncoding(categories, rise)
  }

  /** Reports of two answers differ in two bits, and the worst of their four values has the ratio (1/2)(1 - q) / (q (1/2)). */
  get epsilon(): number {
    return Math.log((WHOLE - this.rise) / this.rise)
  }

  /** Probability that a bit is sent: of the true answer, and of any other one. */
  get probabilities(): [truly: number, falsely: number] {
    return [0.5, this.rise / WHOLE]
  }

  /** A report for `answer`: the answers whose bit is sent, in order. */
  report(answer: number, random: Random): number[] {
    checkAnswer(answer, this.categories)
    const sent: number[] = []
    for (let category = 0; category < this.categories; category += 1) {
      if (below(WHOLE, random) < (category === answer ? WHOLE / 2 : this.rise)) sent.push(category)
    }
    return sent
  }
}
