using System.Security.Cryptography;
using System.Text;
using Petrel.Agent.Images;

namespace Petrel.Agent.Runtimes.Simulated;

/// <summary>The images of a simulated node. Each has a name and a digest, but no content.</summary>
internal sealed class SimulatedImages
{
    private const long Size = 50 << 20;

    // Images by id, which is the digest of the image's name.
    private readonly SortedDictionary<string, (ImageReference Name, ImageStatus Status)> _images = new(StringComparer.Ordinal);

    /// <exception cref="RuntimeException">With reason <c>InvalidImageName</c>.</exception>
    public ImageStatus? Find(string reference)
    {
        if (reference.StartsWith("sha256:", StringComparison.Ordinal))
        {
            return _images.TryGetValue(reference, out var image) ? image.Status : null;
        }
        var name = ImageReference.Parse(reference);
        return _images
            .Values.FirstOrDefault(i => i.Name.Name == name.Name && (name.Digest is { } d ? IdOf(i.Name) == d : i.Name.Tag == name.Tag))
            .Status;
    }

    public ImageStatus Add(string reference)
    {
        if (Find(reference) is { } present)
        {
            return present;
        }
        var name = ImageReference.Parse(reference);
        var id = IdOf(name);
        var names = new SortedSet<string>(StringComparer.Ordinal) { name.ToString(), $"{name.Name}@{id}" };
        var status = new ImageStatus(id, [.. names], Size, User: "");
        _images.Add(id, (name, status));
        return status;
    }

    public IReadOnlyList<ImageStatus> List() => [.. _images.Values.Select(i => i.Status)];

    // An image that is referenced by digest has that digest; others get the digest of their name.
    private static string IdOf(ImageReference name) =>
        name.Digest ?? "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name.ToString())));
}
