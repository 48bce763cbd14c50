using System.Text;
using k8s.Models;
using Petrel.Agent.Logs;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Volumes;

namespace Petrel.Agent.Pods;

/// <summary>
/// What containers say about their own end: the content of <c>terminationMessagePath</c>, or the end of the log (Kubernetes
/// documentation, "Determine the Reason for Pod Failure"). The bounds are upstream's.
/// </summary>
internal static class TerminationMessages
{
    /// <summary>The most bytes of one message.</summary>
    public const int MaxBytes = 4096;

    /// <summary>The most bytes that the messages of a pod have together, in equal shares.</summary>
    public const int MaxPodBytes = 12 * 1024;

    private const int MaxLogBytes = 2048;
    private const int MaxLogLines = 80;

    /// <summary>The mount of the file to which an attempt of a container writes its message; null when the container has none.</summary>
    public static async ValueTask<Mount?> MountAsync(
        IPodFiles files,
        V1Pod pod,
        V1Container container,
        int attempt,
        CancellationToken cancellationToken
    )
    {
        var path = container.TerminationMessagePath;
        var isTaken = container.VolumeMounts?.Any(m => m.MountPath == path) == true;
        // A privileged container has the node's /dev, in which a mount point would be created for the whole machine.
        var isOnNode = container.SecurityContext?.Privileged == true && path?.StartsWith("/dev/", StringComparison.Ordinal) == true;
        if (string.IsNullOrEmpty(path) || isTaken || isOnNode)
        {
            return null;
        }
        var file = await files.EnsureTerminationFileAsync(pod.Metadata.Uid, container.Name, attempt, cancellationToken);
        return new(file, path.StartsWith('/') ? path : "/" + path, ReadOnly: false);
    }

    /// <summary>Reads the message of a container that has exited; empty when it left none.</summary>
    public static async ValueTask<string> ReadAsync(
        PodWorkerContext context,
        V1Pod pod,
        V1Container container,
        ContainerStatus exited,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var file = await context.Files.ReadTerminationFileAsync(
                pod.Metadata.Uid,
                container.Name,
                exited.Attempt,
                MaxBytes,
                cancellationToken
            );
            var message = Encoding.UTF8.GetString(file);
            if (message.Length == 0 && container.TerminationMessagePolicy == "FallbackToLogsOnError" && exited.ExitCode is not 0)
            {
                message = File.Exists(exited.LogPath)
                    ? Encoding.UTF8.GetString(ContainerLog.ReadEnd(exited.LogPath, MaxLogLines, MaxLogBytes))
                    : "";
            }
            return Bound(message, MaxPodBytes / (pod.Spec.Containers.Count + (pod.Spec.InitContainers?.Count ?? 0)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"Error on reading termination message: {e.Message}";
        }
    }

    // The beginning of the message, in whole characters.
    private static string Bound(string message, int bytes)
    {
        if (Encoding.UTF8.GetByteCount(message) <= bytes)
        {
            return message;
        }
        var used = 0;
        var text = new StringBuilder();
        foreach (var rune in message.EnumerateRunes())
        {
            used += rune.Utf8SequenceLength;
            if (used > bytes)
            {
                break;
            }
            text.Append(rune.ToString());
        }
        return text.ToString();
    }
}
