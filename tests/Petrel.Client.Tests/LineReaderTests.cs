using System.Text;
using CsCheck;

namespace Petrel.Client.Tests;

public sealed class LineReaderTests
{
    private static readonly Gen<string> Line = Gen.OneOfConst("a", "ä", "日本", "🐦", "{}", " ", "\r").List[1, 5].Select(string.Concat);

    [Fact]
    public void Lines_are_the_same_however_the_chunks_fall() =>
        Gen.Select(Line.List[0, 8], Gen.Int[0, 40].List[0, 8])
            .Sample(
                (lines, cuts) =>
                {
                    var bytes = Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));
                    Assert.Equal(lines, Read(bytes, cuts));
                }
            );

    [Fact]
    public void Empty_lines_are_left_out() => Assert.Equal(["a", "b"], Read("\na\n\n\nb\n"u8.ToArray(), [2, 3]));

    [Fact]
    public void A_line_without_an_end_is_none() => Assert.Equal(["a"], Read("a\nhalf"u8.ToArray(), [3]));

    [Fact]
    public async Task A_line_is_there_as_soon_as_it_has_ended()
    {
        var more = new TaskCompletionSource();
        await using var lines = LineReader
            .LinesAsync(FirstThenAsync("a\nb"u8.ToArray(), more.Task), TestContext.Current.CancellationToken)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await lines.MoveNextAsync());
        Assert.Equal("a", Encoding.UTF8.GetString(lines.Current.Span));
        var next = lines.MoveNextAsync();
        Assert.False(next.IsCompleted);
        more.SetResult();
        Assert.False(await next);
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> FirstThenAsync(ReadOnlyMemory<byte> first, Task then)
    {
        yield return first;
        await then;
    }

    private static List<string> Read(ReadOnlyMemory<byte> bytes, IEnumerable<int> cuts)
    {
        var read = ReadAsync(bytes, cuts);
        Assert.True(read.IsCompletedSuccessfully);
        return read.Result;
    }

    private static async Task<List<string>> ReadAsync(ReadOnlyMemory<byte> bytes, IEnumerable<int> cuts)
    {
        var lines = new List<string>();
        await foreach (var line in LineReader.LinesAsync(Chunks(bytes, cuts), CancellationToken.None))
        {
            lines.Add(Encoding.UTF8.GetString(line.Span));
        }
        return lines;
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Chunks(ReadOnlyMemory<byte> bytes, IEnumerable<int> cuts)
    {
        await Task.CompletedTask;
        var from = 0;
        foreach (var cut in cuts.Where(cut => cut <= bytes.Length).Order())
        {
            yield return bytes[from..cut];
            from = cut;
        }
        yield return bytes[from..];
    }
}
