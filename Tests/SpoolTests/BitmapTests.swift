import Testing

@testable import Spool

struct BitmapTests {
    @Test func aMemberIsInsertedOnceAndRemovedOnce() {
        var bitmap = Bitmap()
        let inserted = [bitmap.insert(64), bitmap.insert(64)]
        #expect(inserted == [true, false])
        #expect(bitmap.contains(64))
        #expect(bitmap.count == 1)
        let removed = [bitmap.remove(64), bitmap.remove(64)]
        #expect(removed == [true, false])
        #expect(bitmap.isEmpty)
    }

    @Test func whatIsBeyondItsWordsIsNoMember() {
        var bitmap = Bitmap(words: [1])
        #expect(!bitmap.contains(10_000))
        let wasRemoved = bitmap.remove(10_000)
        #expect(!wasRemoved)
        #expect(bitmap.first(from: 10_000) == nil)
    }

    @Test func anEmptiedBitmapTakesNoMemory() {
        var bitmap = Bitmap()
        bitmap.insert(100_000)
        bitmap.remove(100_000)
        #expect(bitmap.words.isEmpty)
    }

    @Test func itsWordsCountTheirBits() {
        #expect(Bitmap(words: [0b1011, 1 << 63]).count == 4)
    }

    @Test func itAgreesWithASetOfNumbers() {
        var random = SeededRandom(seed: 1)
        var bitmap = Bitmap()
        var model: Set<Int> = []
        for _ in 0..<2000 {
            let number = random.below(300)
            if random.onceIn(2) {
                let isNew = bitmap.insert(number)
                #expect(isNew == model.insert(number).inserted)
            } else {
                let wasThere = bitmap.remove(number)
                #expect(wasThere == (model.remove(number) != nil))
            }
            let start = random.below(320)
            #expect(bitmap.first(from: start) == model.filter { $0 >= start }.min())
            #expect(bitmap.count == model.count)
        }
    }
}
