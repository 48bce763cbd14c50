using System.Text.RegularExpressions;

namespace Petrel.Architecture.Tests;

/// <summary>What every source file keeps to.</summary>
public sealed partial class SourceTests
{
    private const int MaxColumns = 140;

    private static readonly string[] Folders = ["src", "tests", "bench", "images", "examples"];

    private static IEnumerable<string> Sources => Folders.SelectMany(folder => Repository.Files(folder, "*.cs"));

    [Fact]
    public void Lines_are_at_most_140_columns()
    {
        var tooLong =
            from path in Sources
            from line in File.ReadLines(path).Index()
            where line.Item.Length > MaxColumns
            select $"{Repository.Short(path)}:{line.Index + 1}: {line.Item.Length} columns";

        Assert.Empty(tooLong);
    }

    [Fact]
    public void A_file_name_occurs_once_under_src()
    {
        var twice =
            from path in Repository.Files("src", "*.cs")
            group Repository.Short(path) by Path.GetFileName(path) into same
            where same.Count() > 1 && same.Key != "AssemblyInfo.cs"
            select string.Join(" and ", same);

        Assert.Empty(twice);
    }

    [Fact]
    public void Event_ids_occur_once()
    {
        var twice =
            from path in Repository.Files("src", "*.cs")
            from Match match in EventId().Matches(File.ReadAllText(path))
            group Repository.Short(path) by match.Groups[1].Value into same
            where same.Count() > 1
            select $"{same.Key}: {string.Join(" and ", same)}";

        Assert.Empty(twice);
    }

    [Fact]
    public void Decisions_that_comments_name_exist()
    {
        var decisions = Repository.Files("docs/decisions", "*.md").Select(path => Path.GetFileName(path)[..4]).ToHashSet();
        var dangling =
            from path in Sources
            from line in File.ReadLines(path).Index()
            from Match match in Decision().Matches(line.Item)
            where !decisions.Contains(match.Groups[1].Value.PadLeft(4, '0'))
            select $"{Repository.Short(path)}:{line.Index + 1}: {match.Value}";

        Assert.Empty(dangling);
    }

    [Fact]
    public void Every_suite_is_run_by_the_test_script()
    {
        var order = Order().Match(File.ReadAllText(Path.Combine(Repository.Root, "test"))).Groups[1].Value.Split(' ');
        var suites = Directory
            .EnumerateDirectories(Path.Combine(Repository.Root, "tests"), "Petrel.*.Tests")
            .Select(path => Path.GetFileName(path)["Petrel.".Length..^".Tests".Length]);

        Assert.Equal(suites.Order(StringComparer.Ordinal), order.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^order=\((.*)\)$", RegexOptions.Multiline)]
    private static partial Regex Order();

    [GeneratedRegex(@"EventId = (\d+)")]
    private static partial Regex EventId();

    [GeneratedRegex(@"\bdecisions? (\d+)\b")]
    private static partial Regex Decision();
}
