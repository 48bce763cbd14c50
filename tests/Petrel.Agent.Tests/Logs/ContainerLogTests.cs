using System.Text;
using Petrel.Agent.Logs;
using Petrel.Agent.Tests.Files;

namespace Petrel.Agent.Tests.Logs;

public sealed class ContainerLogTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    private const string Lines = """
        2026-01-01T00:00:01.000000001Z stdout F first
        2026-01-01T00:00:02.000000001Z stderr P sec
        2026-01-01T00:00:02.000000002Z stderr F ond
        2026-01-01T00:00:03.000000001Z stdout F third

        """;

    [Fact]
    public async Task All_lines_are_shown_with_their_parts_joined() =>
        Assert.Equal("first\nsecond\nthird\n", await ReadAsync(Lines, new()));

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "third\n")]
    [InlineData(2, "second\nthird\n")]
    [InlineData(9, "first\nsecond\nthird\n")]
    public async Task A_tail_counts_whole_lines(long lines, string expected) =>
        Assert.Equal(expected, await ReadAsync(Lines, new() { TailLines = lines }));

    [Fact]
    public async Task A_tail_of_a_long_log_reads_over_its_blocks()
    {
        var text = string.Concat(
            Enumerable.Range(0, 5000).Select(n => $"2026-01-01T00:00:01.000000001Z stdout F line {n:0000} of a log\n")
        );
        var shown = await ReadAsync(text, new() { TailLines = 3000 });
        Assert.StartsWith("line 2000 of a log\n", shown);
        Assert.Equal(3000, shown.Split('\n').Length - 1);
    }

    [Fact]
    public async Task A_log_or_its_directory_that_is_a_link_is_not_read()
    {
        using var outside = new Outside();
        var logs = Directory.CreateDirectory(outside.InsideOf("default_web_uid/main")).FullName;
        File.CreateSymbolicLink(Path.Combine(logs, "0.log"), Path.Combine(outside.Path, "canary"));
        File.CreateSymbolicLink(outside.InsideOf("default_web_uid/other"), outside.Path);

        foreach (var path in (string[])[Path.Combine(logs, "0.log"), outside.InsideOf("default_web_uid/other/canary")])
        {
            await Assert.ThrowsAsync<IOException>(async () =>
            {
                var read = ContainerLog.ReadAsync(path, new(), _ => new(true), TimeProvider.System, CancellationToken.None);
                await foreach (var _ in read) { }
            });
        }
    }

    [Fact]
    public async Task Nothing_from_before_the_given_time_is_shown() =>
        Assert.Equal("third\n", await ReadAsync(Lines, new() { Since = new DateTimeOffset(2026, 1, 1, 0, 0, 3, TimeSpan.Zero) }));

    [Fact]
    public async Task Timestamps_stand_once_before_each_line() =>
        Assert.Equal(
            "2026-01-01T00:00:01.000000001Z first\n2026-01-01T00:00:02.000000001Z second\n2026-01-01T00:00:03.000000001Z third\n",
            await ReadAsync(Lines, new() { Timestamps = true })
        );

    [Fact]
    public async Task The_offset_of_universal_time_is_shown_as_Z() =>
        Assert.Equal(
            "2026-01-01T00:00:01.5Z here\n2026-01-01T02:00:01.5+02:00 there\n",
            await ReadAsync(
                "2026-01-01T00:00:01.5+00:00 stdout F here\n2026-01-01T02:00:01.5+02:00 stdout F there\n",
                new() { Timestamps = true }
            )
        );

    [Fact]
    public async Task No_more_bytes_than_the_limit_are_shown() =>
        Assert.Equal("first\nse", await ReadAsync(Lines, new() { LimitBytes = 8 }));

    [Fact]
    public async Task Following_goes_on_until_the_container_has_ended()
    {
        await File.WriteAllTextAsync(_path, Lines, TestContext.Current.CancellationToken);
        var asked = 0;
        ValueTask<bool> HasEnded(CancellationToken stop)
        {
            // The container writes once more, and then it ends.
            if (++asked == 2)
            {
                File.AppendAllText(_path, "2026-01-01T00:00:04.000000001Z stdout F last\n");
            }
            return new(asked == 2);
        }
        Assert.Equal("first\nsecond\nthird\nlast\n", await CollectAsync(new() { Follow = true }, HasEnded));
    }

    public void Dispose() => File.Delete(_path);

    private async Task<string> ReadAsync(string text, LogOptions options)
    {
        await File.WriteAllTextAsync(_path, text, TestContext.Current.CancellationToken);
        return await CollectAsync(options, _ => new(true));
    }

    private async Task<string> CollectAsync(LogOptions options, Func<CancellationToken, ValueTask<bool>> hasEnded)
    {
        var text = new StringBuilder();
        await foreach (
            var chunk in ContainerLog.ReadAsync(_path, options, hasEnded, TimeProvider.System, TestContext.Current.CancellationToken)
        )
        {
            text.Append(Encoding.UTF8.GetString(chunk.Span));
        }
        return text.ToString();
    }
}
