using Petrel.Model.Documents;

namespace Petrel.ApiServer.Watching;

/// <summary>
/// Gathers the frames that are ready at one moment into one chunk. A single frame is passed on as it is, shared by all watchers.
/// </summary>
internal sealed class ChunkBuilder(int fullAt)
{
    private readonly List<byte[]> _frames = [];
    private int _length;

    public bool IsEmpty => _frames.Count == 0;

    public bool IsFull => _length >= fullAt;

    public void Add(byte[] frame)
    {
        _frames.Add(frame);
        _length += frame.Length;
    }

    public ReadOnlyMemory<byte> Take()
    {
        var chunk = _frames[0];
        if (_frames.Count > 1)
        {
            chunk = GC.AllocateUninitializedArray<byte>(_length);
            var at = 0;
            foreach (var frame in _frames)
            {
                frame.CopyTo(chunk, at);
                at += frame.Length;
            }
        }
        _frames.Clear();
        _length = 0;
        return chunk;
    }
}
