using System.Globalization;
using Petrel.Agent.Files;

namespace Petrel.Agent.Volumes;

/// <content>The files of termination messages: <c>pods/UID/termination/CONTAINER/ATTEMPT</c>.</content>
public sealed partial class LinuxPodFiles
{
    private const uint AllWrite = 0x1B6; // 0666

    // The message of the attempt before the last one is shown too.
    private const int EarlierMessages = 1;

    /// <inheritdoc/>
    public ValueTask<string> EnsureTerminationFileAsync(string podUid, string container, int attempt, CancellationToken cancellationToken)
    {
        var place = TerminationFolder(podUid, container);
        using var top = OpenRoot();
        using var directory = top.EnsureDirectory(place, OwnerOnly);
        foreach (var earlier in directory.List())
        {
            if (int.TryParse(earlier, CultureInfo.InvariantCulture, out var number) && number < attempt - EarlierMessages)
            {
                directory.RemoveTree(earlier);
            }
        }
        var name = attempt.ToString(CultureInfo.InvariantCulture);
        if (directory.StatusOf(name) is null)
        {
            directory.WriteFile(name, [], AllWrite);
        }
        return new(Path.Combine(root, place, name));
    }

    /// <inheritdoc/>
    public ValueTask<byte[]> ReadTerminationFileAsync(
        string podUid,
        string container,
        int attempt,
        int limit,
        CancellationToken cancellationToken
    )
    {
        if (!Directory.Exists(Path.Combine(root, TerminationFolder(podUid, container))))
        {
            return new([]);
        }
        using var top = OpenRoot();
        using var directory = top.OpenDirectory(TerminationFolder(podUid, container));
        using var file = directory.TryOpenFile(attempt.ToString(CultureInfo.InvariantCulture));
        if (file is null)
        {
            return new([]);
        }
        file.Position = Math.Max(0, file.Length - limit);
        var content = new byte[limit];
        return new(content[..file.ReadAtLeast(content, limit, throwOnEndOfStream: false)]);
    }

    private static string TerminationFolder(string podUid, string container) => Path.Combine("pods", podUid, "termination", container);
}
