import Delivery
import Dispatch
import Spool

/// `pause` and `resume` where several relays share the log: the word given last holds for all, by hand or by configuration.
extension Daemon {
    /// How targets stood before: as this relay remembers it, and by the words given on any relay.
    func remembered(for configuration: Configuration) -> [String: TargetMemory] {
        var memories = memories.all()
        let words = spool.words?.lastWords() ?? [:]
        for target in configuration.targets {
            guard let word = words[target.name] else { continue }
            memories[target.name, default: TargetMemory()].pausedByHand =
                word.overConfigured == target.paused ? word.isPaused : nil
        }
        return memories
    }

    /// Heeds words from now on. One that was given over another configuration counts where that is still in force.
    func followWords() {
        spool.words?.follow { [weak self] name, word in
            guard let self else { return }
            // Not here: whoever reads a configuration has it locked, and waits for the brokers' thread, which this is.
            wordQueue.async {
                let paused = self.inForce.withLock { $0.targets.first { $0.name == name }?.paused }
                if paused == word.overConfigured { self.engine.setPaused(name, word.isPaused) }
            }
        }
    }

    /// Lets go of queues that other relays empty, for as long as they do.
    func followEmptying() {
        guard let words = spool.words else { return }
        words.followEmptying { [engine] name, givingUp in
            DispatchQueue.global().async {
                // Nothing of it can fail: whoever does not stand aside keeps what it has in hand.
                try? engine.emptying(name, givingUp: givingUp) { words.standAside(name, except: $0) }
            }
        }
    }

    /// Says that the configuration has spoken last, of targets of which it says something else than when the last word was given.
    func overrule(by configuration: Configuration) {
        guard let words = spool.words else { return }
        let last = words.lastWords()
        for target in configuration.targets {
            guard let word = last[target.name], word.overConfigured != target.paused else { continue }
            do throws(SpoolError) {
                try words.give(QueueWord(isPaused: target.paused, overConfigured: target.paused), of: target.name)
            } catch {
                log.write(
                    .warning, "the other relays could not be told of `paused`",
                    ["target": target.name, "reason": error.described])
            }
        }
    }
}
