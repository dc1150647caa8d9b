namespace Migration.Node.DataPlane;

/// <summary>Blocking work runs on a thread of its own, so that it can never starve the pool that serves everybody.</summary>
internal static class DedicatedThread
{
    public static Task<T> Run<T>(string name, Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception failure)
            {
                // The thread's owner awaits the task: that is where the failure is seen.
                done.SetException(failure);
            }
        })
        { IsBackground = true, Name = name }.Start();
        return done.Task;
    }
}
