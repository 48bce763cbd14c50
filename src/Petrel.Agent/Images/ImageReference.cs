using System.Text.RegularExpressions;
using Petrel.Agent.Runtimes;

namespace Petrel.Agent.Images;

/// <summary>
/// The full name of an image: <c>registry/repository:tag@digest</c>. Short names are expanded as in Docker and containerd: <c>busybox</c>
/// becomes <c>docker.io/library/busybox:latest</c>. The grammar is that of the distribution project's reference package.
/// </summary>
public sealed partial record ImageReference
{
    private const string DefaultRegistry = "docker.io";

    private ImageReference(string registry, string repository, string? tag, string? digest)
    {
        Registry = registry;
        Repository = repository;
        Tag = tag;
        Digest = digest;
    }

    /// <summary>Host with an optional port.</summary>
    public string Registry { get; }

    public string Repository { get; }

    /// <summary>Null only when there is a digest.</summary>
    public string? Tag { get; }

    /// <summary><c>sha256:…</c>, or null.</summary>
    public string? Digest { get; }

    /// <summary>Registry and repository without tag and digest.</summary>
    public string Name => $"{Registry}/{Repository}";

    /// <summary>Parses an image name as users write it.</summary>
    /// <exception cref="RuntimeException">The name is malformed; the reason is <c>InvalidImageName</c>.</exception>
    public static ImageReference Parse(string text)
    {
        var match = Grammar().Match(text);
        if (!match.Success)
        {
            throw Invalid(text, "expected [registry/]repository[:tag][@sha256:digest], in lower case");
        }
        var name = match.Groups["name"].Value;
        var tag = match.Groups["tag"] is { Success: true } t ? t.Value : null;
        var digest = match.Groups["digest"] is { Success: true } d ? d.Value : null;
        if (digest is null && tag is null)
        {
            tag = "latest";
        }
        var slash = name.IndexOf('/');
        var first = slash < 0 ? "" : name[..slash];
        var isRegistry = first.Contains('.') || first.Contains(':') || first == "localhost" || first.Any(char.IsUpper);
        var (registry, repository) = isRegistry ? (first, name[(slash + 1)..]) : (DefaultRegistry, name);
        if (registry is "index.docker.io")
        {
            registry = DefaultRegistry;
        }
        if (registry == DefaultRegistry && !repository.Contains('/'))
        {
            repository = "library/" + repository;
        }
        if (!RepositoryGrammar().IsMatch(repository))
        {
            throw Invalid(text, $"'{repository}' is no repository name: lower-case words separated by '.', '_', '-' or '/'");
        }
        return new ImageReference(registry, repository, tag, digest);
    }

    /// <summary>The <c>imageID</c> in a pod's status: the repository with the manifest's digest, or the id that the pod names.</summary>
    /// <param name="reference">The image as the pod names it.</param>
    /// <param name="id">The image's id (its config digest).</param>
    /// <param name="manifestDigest">The digest of its manifest.</param>
    public static string ImageId(string reference, string id, string manifestDigest) =>
        reference.StartsWith("sha256:", StringComparison.Ordinal) ? id : $"{Parse(reference).Name}@{manifestDigest}";

    public override string ToString() => Name + (Tag is null ? "" : ":" + Tag) + (Digest is null ? "" : "@" + Digest);

    private static RuntimeException Invalid(string text, string expected) =>
        new("InvalidImageName", $"Failed to apply default image tag \"{text}\": couldn't parse image name: {expected}");

    [GeneratedRegex(
        @"^(?<name>(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?"
            + @"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)"
            + @"(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?<digest>sha256:[a-f0-9]{64}))?\z",
        RegexOptions.ExplicitCapture
    )]
    private static partial Regex Grammar();

    [GeneratedRegex(@"^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*\z", RegexOptions.ExplicitCapture)]
    private static partial Regex RepositoryGrammar();
}
