namespace Petrel.LocalCluster.Supervision;

/// <summary>Progress lines that can't be written (a full disk, a closed terminal) must not end what they tell of.</summary>
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
                // There is no place left to report it.
            }
        };
}
