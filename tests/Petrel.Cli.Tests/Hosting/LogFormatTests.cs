using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Petrel.Cli.Hosting;

namespace Petrel.Cli.Tests.Hosting;

public sealed class LogFormatTests
{
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private static LogEntry Entry(LogLevel level, Exception? exception = null) =>
        new(
            Time,
            level,
            "Petrel.Scheduler",
            7001,
            "default/a \"b\"\nis bound to node-1",
            [
                new("Pod", "default/a"),
                new("Count", 3),
                new("Seconds", 1.5),
                new("Ready", true),
                new("None", null),
                new("{OriginalFormat}", "x"),
            ],
            exception
        );

    [Fact]
    public void An_entry_is_one_line_of_JSON_with_the_fields_of_its_message()
    {
        var line = LogFormat.Json(Entry(LogLevel.Information));

        Assert.DoesNotContain('\n', line);
        Assert.Equal(
            """
            {"ts":1767323045678,"logger":"Petrel.Scheduler","msg":"default/a \"b\"\nis bound to node-1","level":"information","event":7001,
            "pod":"default/a","count":3,"seconds":1.5,"ready":true,"none":null,"v":0}
            """.Replace("\n\"pod\"", "\"pod\"", StringComparison.Ordinal),
            line
        );
    }

    [Fact]
    public void An_error_says_what_went_wrong_in_the_same_line()
    {
        var line = LogFormat.Json(Entry(LogLevel.Error, new InvalidOperationException("the disk\nis gone")));

        Assert.DoesNotContain('\n', line);
        var entry = JsonNode.Parse(line)!.AsObject();
        Assert.Equal("System.InvalidOperationException: the disk\nis gone", (string?)entry["err"]);
        Assert.False(entry.ContainsKey("v"));
    }

    [Fact]
    public void An_entry_of_text_begins_with_its_time_and_level() =>
        Assert.Equal(
            "2026-01-02T03:04:05.678Z Warning Petrel.Scheduler[7001] default/a \"b\"\nis bound to node-1",
            LogFormat.Text(Entry(LogLevel.Warning))
        );
}
