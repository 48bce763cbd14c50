namespace Petrel.LocalCluster;

/// <summary>
/// The data directory of a cluster of <c>petrel up</c>. Only its owner can read the directory and the secrets in it.
/// </summary>
public sealed class ClusterDirectory
{
    public ClusterDirectory(string root) => Root = Path.GetFullPath(root);

    /// <summary>
    /// The default directory: <c>PETREL_DATA</c> if set, else a system directory for root and a directory in the user's home for others.
    /// </summary>
    public static string Default =>
        Environment.GetEnvironmentVariable("PETREL_DATA") is { Length: > 0 } named ? named
        : Environment.IsPrivilegedProcess ? "/var/lib/petrel"
        : Path.Combine(
            Environment.GetFolderPath(
                // ~/.local/share may not exist yet.
                Environment.SpecialFolder.LocalApplicationData,
                Environment.SpecialFolderOption.DoNotVerify
            ),
            "petrel"
        );

    public string Root { get; }
    public string Settings => Path.Combine(Root, "cluster.json");
    public string Pki => Path.Combine(Root, "pki");
    public string Kubeconfig => Path.Combine(Root, "kubeconfig");
    public string StoreFile => Path.Combine(Root, "store", "petrel.db");

    /// <summary>Exists once the store has been created.</summary>
    public string StoreMark => Path.Combine(Root, "store.created");

    public string Images => Path.Combine(Root, "images");

    /// <summary>Pid files and logs of the cluster's own processes.</summary>
    public string Run => Path.Combine(Root, "run");

    public string ServerPid => Path.Combine(Run, "server.pid");
    public string ServerLog => Path.Combine(Run, "server.log");
    public string SupervisorPid => Path.Combine(Run, "up.pid");
    public string SupervisorLog => Path.Combine(Run, "up.log");

    /// <summary>Locked by a command while it starts or stops processes of the cluster.</summary>
    public string ChangeLock => Path.Combine(Root, "change.lock");

    /// <summary>Locked by the supervisor.</summary>
    public string SupervisorLock => Path.Combine(Root, "supervisor.lock");

    public string NodePid(string node) => Path.Combine(Run, $"{node}.pid");

    /// <summary>Exists while the node is switched off on purpose.</summary>
    public string NodeSwitchedOff(string node) => Path.Combine(Run, $"{node}.off");

    public string NodeLog(string node) => Path.Combine(Run, $"{node}.log");

    /// <summary>The agent's data directory of a node: pods, volumes, logs.</summary>
    public string Node(string node) => Path.Combine(Root, "nodes", node);

    /// <summary>Creates the directory and its fixed subdirectories.</summary>
    public void Create()
    {
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        foreach (var path in new[] { Root, Pki, Run, Images, Path.GetDirectoryName(StoreFile)!, Path.Combine(Root, "nodes") })
        {
            Directory.CreateDirectory(path, OwnerOnly);
        }
    }

    /// <summary>Deletes the state of a stopped cluster: its objects, nodes, certificates and settings. Images are kept.</summary>
    public void DeleteState()
    {
        foreach (var path in new[] { Path.GetDirectoryName(StoreFile)!, Pki, Run, Path.Combine(Root, "nodes") })
        {
            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
        }
        File.Delete(StoreMark);
        File.Delete(Kubeconfig);
        File.Delete(Settings);
    }
}
