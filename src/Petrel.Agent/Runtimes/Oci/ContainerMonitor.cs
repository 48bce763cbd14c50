using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using Petrel.Agent.Runtimes.Local;

namespace Petrel.Agent.Runtimes.Oci;

/// <summary>
/// The programs that run containers: conmon, which reads a container's output and records its exit code, and crun or runc, which conmon
/// starts.
/// </summary>
/// <param name="RuntimePath">Path of crun or runc.</param>
/// <param name="ConmonPath">Path of conmon.</param>
/// <param name="StateDirectory">The state directory of the low-level runtime.</param>
/// <param name="ExitDirectory">The directory in which conmon writes exit codes, in files named by container id.</param>
internal sealed record ContainerMonitor(string RuntimePath, string ConmonPath, string StateDirectory, string ExitDirectory)
{
    // conmon reports the container's pid on a pipe, whose file descriptor _OCI_SYNCPIPE passes. The shell's standard output serves as that
    // pipe, so that no other child process can inherit it by accident.
    private const string Launch = "_OCI_SYNCPIPE=3 exec \"$@\" 3>&1 >/dev/null";

    /// <summary>Whether the low-level runtime accepts a compiled seccomp profile. Only crun does.</summary>
    public bool TakesBytecode => Path.GetFileName(RuntimePath) == "crun";

    /// <summary>The file in which crun stores the compiled seccomp profile of a container.</summary>
    public string BytecodeFile(string id) => Path.Combine(StateDirectory, id, "seccomp.bpf");

    /// <summary>Finds conmon and crun or runc.</summary>
    /// <exception cref="RuntimeException">A program is missing. The message names the package to install.</exception>
    public static ContainerMonitor Find(OciRuntimeSettings settings, Cgroups cgroups)
    {
        var crun = Tool.Find("crun");
        var runc = Tool.Find("runc");
        // crun does not support hosts that mount both cgroup versions at once.
        var runtime = settings.RuntimePath ?? (cgroups.IsHybrid ? runc : crun ?? runc);
        if (runtime is null)
        {
            throw new RuntimeException(
                "RuntimeError",
                cgroups.IsHybrid && crun is not null
                    ? "this host mounts cgroups in hybrid mode, which crun refuses: install the package runc, or unmount "
                        + "/sys/fs/cgroup/unified"
                    : "neither crun nor runc is installed: install the package crun (Debian and Ubuntu: apt install crun conmon)"
            );
        }
        var conmon = Tool.Find("conmon")
            ?? throw new RuntimeException(
                "RuntimeError",
                "conmon is not installed: install the package conmon (Debian and Ubuntu: apt install conmon)"
            );
        return new ContainerMonitor(
            runtime,
            conmon,
            Path.Combine(settings.StateDirectory, "runtime"),
            Path.Combine(settings.StateDirectory, "exits")
        );
    }

    /// <summary>The name and version of the low-level runtime, for example <c>crun-1.8.1</c>.</summary>
    public async ValueTask<string> VersionAsync(CancellationToken cancellationToken)
    {
        var shown = await Tool.MustRunAsync("RuntimeError", RuntimePath, ["--version"], null, cancellationToken);
        var words = shown.Text.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return $"{Path.GetFileName(RuntimePath)}-{words.Last()}";
    }

    /// <summary>
    /// Creates the container from its bundle, with its own conmon process, and returns the container's pid. The container's program does
    /// not run until <see cref="StartAsync"/>.
    /// </summary>
    /// <exception cref="RuntimeException">The low-level runtime failed. The reason is <c>RunContainerError</c>; the message contains the
    /// runtime's error.</exception>
    public async ValueTask<int> CreateAsync(string id, string bundle, ContainerSpec spec, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(
            "sh",
            [
                "-c",
                Launch,
                "sh",
                ConmonPath,
                "--cid",
                id,
                "--cuuid",
                id,
                "--name",
                spec.Name,
                "--runtime",
                RuntimePath,
                "--runtime-arg",
                "--root=" + StateDirectory,
                "--bundle",
                bundle,
                "--container-pidfile",
                Path.Combine(bundle, "pid"),
                "--conmon-pidfile",
                Path.Combine(bundle, "conmon.pid"),
                "--exit-dir",
                ExitDirectory,
                "--persist-dir",
                bundle,
                "--socket-dir-path",
                bundle,
                "--full-attach",
                "--log-path",
                "k8s-file:" + spec.LogPath,
                "--log-level",
                "error",
                "--no-sync-log",
                .. spec.Stdin ? ["--stdin"] : Array.Empty<string>(),
                .. spec.Tty ? ["--terminal"] : Array.Empty<string>(),
            ]
        )
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // conmon creates the file 'oom' in its working directory.
            WorkingDirectory = bundle,
        };
        start.Environment["TZ"] = "UTC"; // conmon writes the times of the log in its local time.
        using var process = Run(start);
        using var pipes = new ProcessPipes(process);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var report = await process.StandardOutput.ReadLineAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (report is null)
        {
            throw new RuntimeException("RunContainerError", $"conmon ended without a report: {(await errors).Trim()}");
        }
        using var document = JsonDocument.Parse(report);
        var pid = document.RootElement.TryGetProperty("pid", out var p) ? p.GetInt32() : -1;
        if (pid > 0)
        {
            return pid;
        }
        var message = document.RootElement.TryGetProperty("message", out var m) ? m.GetString()!.Trim() : report;
        throw new RuntimeException("RunContainerError", $"failed to create container: {message}");
    }

    /// <summary>Starts the program of a created container.</summary>
    public async ValueTask StartAsync(string id, CancellationToken cancellationToken) =>
        await Tool.MustRunAsync("RunContainerError", RuntimePath, ["--root=" + StateDirectory, "start", id], null, cancellationToken);

    /// <summary>
    /// The state of a container by the low-level runtime (<c>created</c>, <c>running</c> or <c>stopped</c>) and its pid; empty for none.
    /// </summary>
    public async ValueTask<(string State, int Pid)> StateAsync(string id, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(Path.Combine(StateDirectory, id)))
        {
            return ("", 0);
        }
        var result = await Tool.RunAsync(RuntimePath, ["--root=" + StateDirectory, "state", id], null, cancellationToken);
        if (result.ExitCode != 0)
        {
            return ("", 0);
        }
        using var document = JsonDocument.Parse(result.Output);
        return (
            document.RootElement.TryGetProperty("status", out var status) ? status.GetString() ?? "" : "",
            document.RootElement.TryGetProperty("pid", out var pid) ? pid.GetInt32() : 0
        );
    }

    /// <summary>Kills the container's remaining processes and deletes the low-level runtime's state of it. Idempotent.</summary>
    public async ValueTask DeleteAsync(string id, CancellationToken cancellationToken)
    {
        if (Directory.Exists(Path.Combine(StateDirectory, id)))
        {
            var result = await Tool.RunAsync(RuntimePath, ["--root=" + StateDirectory, "delete", "--force", id], null, cancellationToken);
            if (result.ExitCode != 0 && Directory.Exists(Path.Combine(StateDirectory, id)))
            {
                // The container died with its node, so the low-level runtime can't delete it. Remove the stale state directly.
                Directory.Delete(Path.Combine(StateDirectory, id), recursive: true);
            }
        }
    }

    /// <summary>Runs a command in a container. <paramref name="processFile"/> specifies the command and its user.</summary>
    /// <exception cref="TimeoutException">The command exceeded the timeout and was killed with its process group.</exception>
    public async ValueTask<Tool.Result> ExecAsync(
        string id,
        string processFile,
        TimeSpan timeout,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var pidFile = processFile + ".pid";
        try
        {
            return await Tool.RunLimitedAsync(
                new(RuntimePath, ["--root=" + StateDirectory, "exec", "--process", processFile, "--pid-file", pidFile, id]),
                timeout,
                Kill,
                time,
                cancellationToken
            );
        }
        finally
        {
            File.Delete(pidFile);
        }

        // The low-level runtime makes the command the leader of a new session and process group. Kill the whole group.
        void Kill(Process exec)
        {
            if (File.Exists(pidFile) && int.TryParse(File.ReadAllText(pidFile), out var pid) && pid > 1)
            {
                _ = Tool.Kill(-pid, Tool.SigKill);
                _ = Tool.Kill(pid, Tool.SigKill);
            }
            exec.Kill();
        }
    }

    private static Process Run(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new RuntimeException("RunContainerError", "sh could not be started");
        }
        catch (Win32Exception e)
        {
            throw new RuntimeException("RunContainerError", $"sh could not be started: {e.Message}", e);
        }
    }
}
