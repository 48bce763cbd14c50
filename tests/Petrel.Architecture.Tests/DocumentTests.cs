using System.Text.RegularExpressions;

namespace Petrel.Architecture.Tests;

/// <summary>What the documents keep to.</summary>
public sealed partial class DocumentTests
{
    private const int MaxWords = 30;

    public static TheoryData<string> Documents =>
        [
            .. Directory
                .EnumerateFiles(Repository.Root, "*.md")
                .Concat(new[] { "docs", "examples", "tools" }.SelectMany(folder => Repository.Files(folder, "*.md")))
                .Select(Repository.Short)
                .Order(StringComparer.Ordinal),
        ];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Sentences_have_at_most_30_words(string document)
    {
        var tooLong =
            from sentence in Sentences(File.ReadAllText(Path.Combine(Repository.Root, document)))
            let words = Word().Count(sentence)
            where words > MaxWords
            select $"{words} words: {sentence}";

        Assert.Empty(tooLong);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Links_lead_to_files_that_exist(string document)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, document))!;
        var broken =
            from Match link in Link().Matches(CodeBlock().Replace(File.ReadAllText(Path.Combine(Repository.Root, document)), ""))
            let target = link.Groups[1].Value.Split('#')[0]
            where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
            where !Path.Exists(Path.Combine(folder, target))
            select link.Value;

        Assert.Empty(broken);
    }

    // Sentences end with a full stop, a colon or a semicolon, and with their paragraph, list item or table cell. Code counts as one word.
    private static IEnumerable<string> Sentences(string text) =>
        from block in Block().Split(CodeBlock().Replace(text, "\n\n"))
        from cell in block.TrimStart().StartsWith('|') ? block.Split('|') : [block]
        from sentence in SentenceEnd().Split(Code().Replace(cell, "x"))
        select Space().Replace(sentence, " ").Trim();

    [GeneratedRegex(@"```.*?```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"`[^`]*`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\n\s*\n|\n(?=\s*(?:[-*|#]|\d+\.))")]
    private static partial Regex Block();

    [GeneratedRegex(@"(?<=[.!?:;][""”)*]*)\s+")]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"[A-Za-z0-9][\w'’./-]*")]
    private static partial Regex Word();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
