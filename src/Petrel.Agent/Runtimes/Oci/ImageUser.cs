using System.Globalization;
using System.Text;
using Petrel.Agent.Files;

namespace Petrel.Agent.Runtimes.Oci;

/// <summary>
/// The user and groups that a container runs as. The numeric ids are looked up in the image's <c>/etc/passwd</c> and <c>/etc/group</c>.
/// </summary>
/// <param name="Home">The user's home directory, or <c>/</c> when it is unknown.</param>
internal sealed record ImageUser(long Uid, long Gid, IReadOnlyList<long> Groups, string Home)
{
    private const int MaximumFile = 4 << 20;

    /// <summary>
    /// Resolves the image's user (<c>user[:group]</c>, names or numbers) and applies the overrides of the pod's security context.
    /// </summary>
    /// <exception cref="RuntimeException">With reason <c>CreateContainerError</c> when the image has no such user.</exception>
    public static ImageUser Resolve(string rootfs, string imageUser, ContainerSecurity security)
    {
        var passwd = Entries(rootfs, "/etc/passwd", 6);
        var group = Entries(rootfs, "/etc/group", 3);
        var (userName, groupName) = imageUser.IndexOf(':') is var colon and >= 0
            ? (imageUser[..colon], imageUser[(colon + 1)..])
            : (imageUser, "");
        if (security.RunAsUser is { } asked)
        {
            (userName, groupName) = (asked.ToString(CultureInfo.InvariantCulture), "");
        }
        if (userName.Length == 0)
        {
            userName = "0";
        }
        var numeric = long.TryParse(userName, NumberStyles.None, CultureInfo.InvariantCulture, out var uid);
        var entry = passwd.FirstOrDefault(e => numeric ? e[2] == userName : e[0] == userName);
        if (!numeric && (entry is null || !long.TryParse(entry[2], NumberStyles.None, CultureInfo.InvariantCulture, out uid)))
        {
            throw new RuntimeException(
                "CreateContainerError",
                $"unable to find user {userName}: no matching entry in the image's /etc/passwd"
            );
        }
        long gid = 0;
        if (security.RunAsGroup is { } askedGroup)
        {
            gid = askedGroup;
        }
        else if (groupName.Length > 0)
        {
            if (
                !long.TryParse(groupName, NumberStyles.None, CultureInfo.InvariantCulture, out gid)
                && !(
                    group.FirstOrDefault(e => e[0] == groupName) is { } found
                    && long.TryParse(found[2], NumberStyles.None, CultureInfo.InvariantCulture, out gid)
                )
            )
            {
                throw new RuntimeException(
                    "CreateContainerError",
                    $"unable to find group {groupName}: no matching entry in the image's /etc/group"
                );
            }
        }
        else if (entry is not null)
        {
            _ = long.TryParse(entry[3], NumberStyles.None, CultureInfo.InvariantCulture, out gid);
        }
        if (security.RunAsNonRoot && uid == 0)
        {
            throw new RuntimeException("CreateContainerConfigError", "container has runAsNonRoot and image will run as root");
        }
        var groups = new SortedSet<long>(security.SupplementalGroups);
        if (entry is not null)
        {
            foreach (var member in group.Where(e => e.Length > 3 && e[3].Split(',').Contains(entry[0])))
            {
                if (
                    long.TryParse(member[2], NumberStyles.None, CultureInfo.InvariantCulture, out var supplementary)
                    && supplementary != gid
                )
                {
                    groups.Add(supplementary);
                }
            }
        }
        return new ImageUser(uid, gid, [.. groups], entry is { Length: > 5 } && entry[5].Length > 0 ? entry[5] : "/");
    }

    // The image is not trusted: a symbolic link in it must not resolve to a file on the node.
    private static List<string[]> Entries(string rootfs, string path, int fields)
    {
        try
        {
            using var root = ConfinedDirectory.Open(rootfs);
            var content = root.TryRead(path, MaximumFile, Links.InRoot);
            return content is null
                ? []
                : [.. Encoding.UTF8.GetString(content).Split('\n').Select(line => line.Split(':')).Where(e => e.Length >= fields)];
        }
        catch (IOException e)
        {
            throw new RuntimeException("CreateContainerError", $"the image's {path} can't be read: {e.Message}", e);
        }
    }
}
