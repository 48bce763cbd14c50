namespace Petrel.Store.Versions;

/// <summary>
/// The keys in ordinal order, as a list of sorted chunks. A lookup takes two binary searches. An insertion shifts at most one chunk.
/// Iteration from a key reads arrays. Not safe for concurrent use.
/// </summary>
internal sealed class KeyIndex
{
    private const int ChunkCapacity = 512;

    private readonly List<Chunk> _chunks = [new Chunk(16)];

    public int Count { get; private set; }

    public KeyVersions? Find(string key)
    {
        var chunk = _chunks[ChunkFor(key)];
        var at = chunk.Search(key);
        return at >= 0 ? chunk.Items[at] : null;
    }

    public KeyVersions GetOrAdd(string key)
    {
        var chunkAt = ChunkFor(key);
        var chunk = _chunks[chunkAt];
        var at = chunk.Search(key);
        if (at >= 0)
        {
            return chunk.Items[at];
        }

        at = ~at;
        if (chunk.Count == ChunkCapacity)
        {
            // Keys in ascending order leave full chunks behind. Other insertions split a chunk in halves.
            var keep = at == ChunkCapacity && chunkAt == _chunks.Count - 1 ? ChunkCapacity : ChunkCapacity / 2;
            var right = chunk.SplitAt(keep);
            _chunks.Insert(chunkAt + 1, right);
            if (at > keep || keep == ChunkCapacity)
            {
                (chunk, at) = (right, at - keep);
            }
        }
        var added = new KeyVersions(key);
        chunk.Insert(at, added);
        Count++;
        return added;
    }

    public void Remove(string key)
    {
        var chunkAt = ChunkFor(key);
        var chunk = _chunks[chunkAt];
        var at = chunk.Search(key);
        if (at < 0)
        {
            return;
        }

        chunk.RemoveAt(at);
        Count--;
        if (chunk.Count == 0 && _chunks.Count > 1)
        {
            _chunks.RemoveAt(chunkAt);
        }
    }

    /// <summary>Iterates over the keys from <paramref name="key"/> on; without that key when <paramref name="exclusive"/>.</summary>
    public IEnumerable<KeyVersions> From(string key, bool exclusive)
    {
        var chunkAt = ChunkFor(key);
        var at = _chunks[chunkAt].Search(key);
        at =
            at < 0 ? ~at
            : exclusive ? at + 1
            : at;
        for (; chunkAt < _chunks.Count; chunkAt++, at = 0)
        {
            var chunk = _chunks[chunkAt];
            for (; at < chunk.Count; at++)
            {
                yield return chunk.Items[at];
            }
        }
    }

    /// <summary>The last chunk whose first key is not after <paramref name="key"/>; else the first chunk.</summary>
    private int ChunkFor(string key)
    {
        int low = 1,
            high = _chunks.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (string.CompareOrdinal(_chunks[middle].Items[0].Key, key) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }
        return low - 1;
    }

    private sealed class Chunk(int capacity)
    {
        public KeyVersions[] Items { get; private set; } = new KeyVersions[capacity];

        public int Count { get; private set; }

        /// <summary>The index of the key; else the bitwise complement of its insertion index.</summary>
        public int Search(string key)
        {
            int low = 0,
                high = Count - 1;
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var order = string.CompareOrdinal(Items[middle].Key, key);
                if (order == 0)
                {
                    return middle;
                }

                if (order < 0)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle - 1;
                }
            }
            return ~low;
        }

        public void Insert(int at, KeyVersions item)
        {
            if (Count == Items.Length)
            {
                var larger = new KeyVersions[Math.Min(ChunkCapacity, Count * 2)];
                Items.AsSpan(0, Count).CopyTo(larger);
                Items = larger;
            }
            Items.AsSpan(at, Count - at).CopyTo(Items.AsSpan(at + 1));
            Items[at] = item;
            Count++;
        }

        public void RemoveAt(int at)
        {
            Items.AsSpan(at + 1, Count - at - 1).CopyTo(Items.AsSpan(at));
            Items[--Count] = null!;
        }

        public Chunk SplitAt(int keep)
        {
            var right = new Chunk(ChunkCapacity);
            Items.AsSpan(keep, Count - keep).CopyTo(right.Items);
            right.Count = Count - keep;
            Items.AsSpan(keep, Count - keep).Clear();
            Count = keep;
            return right;
        }
    }
}
