namespace Petrel.LocalCluster.Supervision;

/// <summary>Ignores progress lines that can't be written (a full disk, a closed terminal), so that the reported work continues.</summary>
internal static class SafeProgress
{
    public static Action<string> Wrap(Action<string> progress) =>
        line =>
        {
            try
            {
                progress(line);
            }
            catch (IOException)
            {
                // The progress output itself failed, so the error can't be reported.
            }
        };
}
