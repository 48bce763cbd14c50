using System.Text;
using System.Text.RegularExpressions;

namespace Petrel.Architecture.Tests;

/// <summary>
/// <c>tests/conformance.tsv</c> has a row for each test of upstream's conformance list: which tests of ours hold the same behaviour, or why
/// none does yet. <c>docs/conformance.md</c> is made from it.
/// </summary>
public sealed partial class ConformanceTests
{
    /// <summary>How many tests upstream's list for Kubernetes 1.35 has.</summary>
    private const int UpstreamTests = 441;

    private const string Missing = "! ";

    private static readonly string Document = Path.Combine(Repository.Root, "docs", "conformance.md");

    private static readonly List<Row> Rows =
    [
        .. File.ReadLines(Path.Combine(Repository.Root, "tests", "conformance.tsv"))
            .Select(line => line.Split('\t'))
            .Select(parts => new Row(parts[0], parts.Length == 2 ? parts[1] : "")),
    ];

    private sealed record Row(string Name, string Text)
    {
        public bool IsHeld => !Text.StartsWith(Missing, StringComparison.Ordinal);

        public string[] Tests => IsHeld ? Text.Split(", ") : [];
    }

    [Fact]
    public void Every_upstream_test_has_one_row()
    {
        Assert.Equal(UpstreamTests, Rows.Count);
        Assert.Equal(UpstreamTests, Rows.Select(r => r.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.DoesNotContain(Rows, r =>
            !r.Name.StartsWith("[sig-", StringComparison.Ordinal) || !r.Name.EndsWith(" [Conformance]", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(Rows, r => r.Text.Trim().Length <= Missing.Length);
    }

    [Fact]
    public void Every_named_test_exists()
    {
        var problems = Rows.SelectMany(r => r.Tests).Distinct(StringComparer.Ordinal).Select(Problem).OfType<string>();
        Assert.Empty(problems);
    }

    [Fact]
    public void The_document_says_what_the_rows_say()
    {
        var text = Render();
        if (Environment.GetEnvironmentVariable("PETREL_WRITE_DOCUMENTS") == "1")
        {
            File.WriteAllText(Document, text);
        }
        Assert.True(
            File.Exists(Document) && File.ReadAllText(Document) == text,
            "docs/conformance.md is not what tests/conformance.tsv says: run PETREL_WRITE_DOCUMENTS=1 ./test Architecture"
        );
    }

    // What is wrong with a reference "Suite/Class.Method" or "Suite/Class.Method(argument)"; null when its test exists.
    private static string? Problem(string reference)
    {
        if (Reference().Match(reference) is not { Success: true } match)
        {
            return $"{reference} is not Suite/Class.Method or Suite/Class.Method(argument)";
        }
        var (suite, type, method) = (match.Groups["suite"].Value, match.Groups["class"].Value, match.Groups["method"].Value);
        var folder = Path.Combine(Repository.Root, "tests", $"Petrel.{suite}.Tests");
        var file = Directory.Exists(folder)
            ? Directory
                .EnumerateFiles(folder, $"{type}.cs", SearchOption.AllDirectories)
                .FirstOrDefault(path => !path.Contains("/obj/", StringComparison.Ordinal))
            : null;
        if (file is null)
        {
            return $"{reference}: there is no {type}.cs in tests/Petrel.{suite}.Tests";
        }
        var source = File.ReadAllText(file);
        var argument = match.Groups["argument"].Value;
        return !IsTest(source, method) ? $"{reference}: {type} has no such test"
            : argument.Length > 0 && !source.Contains($"\"{argument}\"", StringComparison.Ordinal) ? $"{reference}: {type} has no such row"
            : null;
    }

    // The attributes of a member stand between it and the blank line before them.
    private static bool IsTest(string source, string method)
    {
        var declared = Regex.Match(source, $@"public (async )?(void|Task|ValueTask) {method}\(");
        var start = declared.Success ? source.LastIndexOf("\n\n", declared.Index, StringComparison.Ordinal) : -1;
        return declared.Success && Regex.IsMatch(source[Math.Max(0, start)..declared.Index], @"\[\w*(Fact|Theory)\b");
    }

    private static string Render()
    {
        var text = new StringBuilder();
        text.Append("# Conformance\n\n");
        text.Append("This page is made from `tests/conformance.tsv`; the architecture tests hold it to that file.\n");
        text.Append(
            $"Upstream's list for Kubernetes 1.35 has {UpstreamTests} tests (cncf/k8s-conformance, docs/KubeConformance-1.35.md).\n"
        );
        text.Append($"For **{Rows.Count(r => r.IsHeld)}** of them a test of Petrel's holds the same behaviour.\n");
        text.Append("Our tests are written from the behaviour that the list states. Upstream's suite itself is not run here.\n");
        text.Append(
            "A test is named as SUITE/CLASS.METHOD, with the row of a theory in parentheses: `./test SUITE -- '*METHOD*'` runs it.\n"
        );
        foreach (var area in Rows.GroupBy(r => r.Name[..(r.Name.IndexOf(']', StringComparison.Ordinal) + 1)]))
        {
            text.Append($"\n## {area.Key[1..^1]}: {area.Count(r => r.IsHeld)} of {area.Count()}\n\n");
            text.Append("| upstream's test | held by, or why not yet |\n|---|---|\n");
            foreach (var row in area)
            {
                var name = row.Name[(area.Key.Length + 1)..^" [Conformance]".Length];
                var held = row.IsHeld ? string.Join("<br>", row.Tests.Select(t => $"`{t}`")) : $"*{row.Text[Missing.Length..]}*";
                text.Append($"| `{name.Replace("`", "'", StringComparison.Ordinal)}` | {held} |\n");
            }
        }
        return text.ToString();
    }

    [GeneratedRegex(@"^(?<suite>\w+)/(?<class>\w+)\.(?<method>\w+)(\((?<argument>[^)]+)\))?$")]
    private static partial Regex Reference();
}
