namespace Petrel.LocalCluster.Processes;

/// <summary>
/// The pid file of a process that this program starts. While the file can't be written (a full disk), the process is remembered here, and
/// each look tries to write the file again.
/// </summary>
public sealed class PidFile(string path)
{
    private ProcessRecord? _unsaved;

    /// <summary>The process if it runs, started by this program or by an earlier one.</summary>
    public ProcessRecord? Find()
    {
        if (_unsaved is { IsAlive: true } process)
        {
            Set(process);
            return process;
        }
        _unsaved = null;
        return ProcessRecord.Find(path);
    }

    /// <summary>Names the process that has been started.</summary>
    public void Set(ProcessRecord process)
    {
        try
        {
            process.Save(path);
            _unsaved = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _unsaved = process;
        }
    }

    /// <summary>Forgets the process.</summary>
    public void Delete()
    {
        _unsaved = null;
        File.Delete(path);
    }
}
