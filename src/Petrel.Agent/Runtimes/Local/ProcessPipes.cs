using System.Diagnostics;

namespace Petrel.Agent.Runtimes.Local;

/// <summary>
/// Closes the pipes of a child process. <see cref="Process.Dispose()"/> leaves those open that were read, until the garbage collector runs,
/// which in an idle agent may take hours.
/// </summary>
/// <param name="process">A process with redirected standard streams.</param>
internal sealed class ProcessPipes(Process process) : IDisposable
{
    private readonly StreamReader _output = process.StandardOutput;
    private readonly StreamReader _errors = process.StandardError;
    private readonly StreamWriter _input = process.StandardInput;

    public void Dispose()
    {
        _output.Dispose();
        _errors.Dispose();
        try
        {
            _input.Dispose();
        }
        catch (IOException)
        {
            // The process ended without reading its input.
        }
    }
}
