using Microsoft.CodeAnalysis.Text;

namespace Petrel.Mutants;

/// <summary>One small change of a source file that a test should notice.</summary>
/// <param name="Path">The file, relative to the repository.</param>
/// <param name="Line">The line, from one on.</param>
/// <param name="Span">What is replaced.</param>
/// <param name="Before">The text that is there.</param>
/// <param name="After">The text that replaces it.</param>
internal sealed record Mutation(string Path, int Line, TextSpan Span, string Before, string After)
{
    /// <summary>The whole file with the change.</summary>
    public string ApplyTo(string source) => string.Concat(source.AsSpan(0, Span.Start), After, source.AsSpan(Span.End));

    /// <inheritdoc/>
    public override string ToString() => $"{Path}:{Line}: {Short(Before)}  ->  {(After.Length == 0 ? "(nothing)" : Short(After))}";

    private static string Short(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= 90 ? line : line[..87] + "...";
    }
}
